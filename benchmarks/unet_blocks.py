"""A U-Net's prediction in blocks beside the same network on one big tensor in plain torch, on one core.

python benchmarks/unet_blocks.py [SIDE]

A U-Net of 16 channels as `fit_unet` makes it by default, of random weights, on synthetic colonies of SIDE x SIDE pixels
(3072). Plain torch is a forward pass as a user would write it: channels first, normalisation as layers of their own, no
halo that is computed again. Both run in single precision, in processes of their own, rounds in turns.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import terrazzo as tz
from terrazzo.models.unet.model import UNetModel
from terrazzo.models.unet.network import UNet
from terrazzo.synthetic import CLASS_NAMES, colony_block

ROUNDS = 4


def model() -> UNetModel:
    """Return a U-Net with random weights."""
    torch.manual_seed(0)
    description = tz.UNetSettings().description(inputs=1, classes=len(CLASS_NAMES), axes=2)
    colours = ("#5f6b7a", "#e69f00", "#56b4e9")[: len(CLASS_NAMES)]
    return UNetModel(UNet(description).eval(), (100.0,), (25.0,), CLASS_NAMES, colours, None, {}, None)


def in_blocks(side: int) -> dict[str, float]:
    """Predict lazily, block by block."""
    fitted, image = model(), pixels(side)

    def run() -> NDArray[np.uint8]:
        found: NDArray[np.uint8] = tz.predict(fitted, image).compute(scheduler="synchronous")
        return found

    return measured(run, side)


def as_one_tensor(side: int) -> dict[str, float]:
    """Predict by one forward pass."""
    fitted, image = model(), pixels(side)

    def run() -> NDArray[np.int64]:
        with torch.inference_mode():
            batch = torch.from_numpy((image.astype(np.float32) - 100) / 25)[None, None]
            found: NDArray[np.int64] = fitted.network(batch)[0].argmax(dim=0).numpy()
            return found

    return measured(run, side)


def pixels(side: int) -> np.ndarray:
    return colony_block((0, 0), (side, side))[0]


def measured(run: Callable[[], NDArray[Any]], side: int) -> dict[str, float]:
    """Return core-seconds per megapixel of a second run, the memory that the process held, and a sum of classes."""
    torch.set_num_threads(1)
    run()
    began = time.process_time()
    found = run()
    spent = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "core_seconds_per_mpx": spent / (side * side / 1e6),
        "peak_mib": peak,
        "sum": int(found.sum(dtype=np.int64)),
    }


def main(side: int) -> None:
    rounds: dict[str, list[dict[str, float]]] = {"in blocks": [], "one tensor": []}
    for _ in range(ROUNDS):
        for name, run in (("in blocks", in_blocks), ("one tensor", as_one_tensor)):
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                rounds[name].append(pool.submit(run, side).result())
    found = {
        name: {key: round(statistics.median(one[key] for one in taken), 3) for key in taken[0]}
        for name, taken in rounds.items()
    }
    ours, theirs = (found[name]["core_seconds_per_mpx"] for name in rounds)
    print(json.dumps({"side": side, **found, "blocks_over_one_tensor": round(ours / theirs, 3)}, indent=1))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3072)
