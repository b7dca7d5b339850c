"""Phase-contrast colonies: 50 tiles for fitting, 20 for scoring, chosen by a fixed seed.

python benchmarks/hesc_phase.py
"""

from __future__ import annotations

import json

import numpy as np
from microscopy import fit_and_score, pairs_of

SEED = 0
TRAINING_TILES = 50
SECONDS = 280


def main() -> None:
    pairs = pairs_of("hesc-phase")
    order = np.random.default_rng(SEED).permutation(len(pairs))
    train, test = order[:TRAINING_TILES], order[TRAINING_TILES:]
    report = fit_and_score(
        [pairs[i] for i in train],
        [pairs[i] for i in test],
        ("background", "colony"),
        size=8,
        epochs=60,
        seconds=SECONDS,
        seed=SEED,
    )
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
