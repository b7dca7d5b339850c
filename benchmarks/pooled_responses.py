"""Core-seconds of filter responses and of pooling them: two checkouts in turns, with scipy's Gaussians beside them.

python benchmarks/pooled_responses.py BEFORE/src AFTER/src [SIDE_OF_A_BLOCK] [ROUNDS]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.ndimage import gaussian_filter

from terrazzo.blocks import Block, BlockGrid
from terrazzo.blockwise.cluster.worker_server import SETTINGS
from terrazzo.lattice import Lattice
from terrazzo.regions.graphs.block_graph import graph_window
from terrazzo.regions.graphs.measure import measure
from terrazzo.regions.statistics.core_responses import CoreResponses
from terrazzo.regions.statistics.features import DEFAULT_FEATURES, LATTICE_FEATURES
from terrazzo.regions.statistics.filter_bank import EIGEN_BANK
from terrazzo.regions.superpixels.block_labels import block_labels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.synthetic import colony_block

SIZE = 16


def main(before: str, after: str, side: str = "1024", rounds: str = "9") -> None:
    found: dict[str, dict[str, list[float]]] = {"before": {}, "after": {}}
    processes = {
        name: subprocess.Popen(
            [sys.executable, __file__, "--measured", side],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | SETTINGS | {"PYTHONPATH": source},
        )
        for name, source in (("before", before), ("after", after))
    }
    for _ in range(int(rounds)):
        for name, process in processes.items():
            for what, seconds in _round(process).items():
                found[name].setdefault(what, []).append(seconds)
    for process in processes.values():
        process.communicate()
    for what in found["after"]:
        low, high = (np.array(found[name][what]) for name in found)
        print(
            f"{what}: before {np.median(low):.4f} (least {low.min():.4f}), after {np.median(high):.4f} "
            f"(least {high.min():.4f}), ratio {np.median(high / low):.2f}"
        )


def _round(process: subprocess.Popen[str]) -> dict[str, float]:
    if process.stdin is None or process.stdout is None:
        raise OSError("a process without pipes")
    process.stdin.write("\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def answer(side: int) -> None:
    """Time each job once for each line that is read; the first time compiles and is not told."""
    jobs = _jobs(side)
    for job in jobs.values():
        job()
    for _ in sys.stdin:
        took = {}
        for name, job in jobs.items():
            began = time.process_time()
            job()
            took[name] = (time.process_time() - began) / side**2 * 1e6
        print(json.dumps(took), flush=True)


def _jobs(side: int) -> dict[str, Callable[[], object]]:
    """Return what is timed on the middle one of 3 x 3 blocks: core-seconds are told per megapixel that it keeps."""
    lattice = Lattice((3 * side, 3 * side), (SIZE, SIZE))
    block = BlockGrid.of(lattice, side)[1, 1]
    around = block.core.grown(side // 4, lattice.shape)
    image = colony_block(around.start, around.shape)[0].astype(np.float32)[None] / 25
    labels = block_labels(image, around, block, SuperpixelParameters(lattice.size), scale=1.0, margin=1)
    seen = EIGEN_BANK.window(block.core, lattice.shape)
    pixels = np.ascontiguousarray(image[(slice(None), *seen.within(around))])
    return {
        "lattice features": _pooling(image, around, labels, block, LATTICE_FEATURES),
        "default features": _pooling(image, around, labels, block, DEFAULT_FEATURES),
        "responses of all pixels": lambda: CoreResponses.of(EIGEN_BANK, pixels, seen, block.core),
        "scipy's gaussian_filter, sigma 1, 2, 4 and 8, with the halo": lambda: [
            gaussian_filter(pixels[0], sigma) for sigma in (1, 2, 4, 8)
        ],
    }


def _pooling(image, around, labels, block: Block, features) -> Callable[[], object]:
    window = graph_window(block, features)
    cut = np.ascontiguousarray(image[(slice(None), *window.within(around))])
    pixels = block.core.grown(SIZE // 2, block.lattice.shape)
    # the regions of the block's own cells
    ids = labels.ids[pixels.within(labels.box)]
    own = block.lattice.ids_of(np.stack(np.indices(block.cells.shape), axis=-1).reshape(-1, 2) + block.cells.start)
    order = np.argsort(own)
    place = np.searchsorted(own[order], ids).clip(max=own.size - 1)
    index = np.where(own[order][place] == ids, order[place], -1).astype(np.int32)
    _, index = np.unique(index, return_inverse=True)
    index = (index.reshape(ids.shape) - 1).astype(np.int32)
    area = np.bincount(index[index >= 0])
    return lambda: measure(cut, window, index, pixels, area, features)


if __name__ == "__main__":
    if sys.argv[1] == "--measured":
        answer(int(sys.argv[2]))
    else:
        main(*sys.argv[1:])
