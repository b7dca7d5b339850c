"""Phase-contrast colonies: 50 tiles for fitting, 20 for scoring, chosen by a fixed seed.

python benchmarks/hesc_phase.py [SIZE] [SEED]
"""

from __future__ import annotations

import json
import sys

import numpy as np
from microscopy import fit_and_score, pairs_of

import terrazzo as tz

TRAINING_TILES = 50
SECONDS = 280


def main(size: int = 4, seed: int = 0) -> None:
    pairs = pairs_of("hesc-phase")
    order = np.random.default_rng(seed).permutation(len(pairs))
    train, test = order[:TRAINING_TILES], order[TRAINING_TILES:]
    report = fit_and_score(
        [pairs[i] for i in train],
        [pairs[i] for i in test],
        ("background", "colony"),
        size,
        tz.LatticeSettings(),
        tz.LatticeTraining(seconds=SECONDS, seed=seed),
    )
    print(json.dumps({"size": size, "seed": seed, **report}), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
