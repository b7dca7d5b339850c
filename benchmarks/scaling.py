"""What blocks cost, on paper: halo overhead by block and size, and plans of images from a gigapixel to 100 terapixels.

python benchmarks/scaling.py

Nothing is read or computed; the images are Dask arrays that are never asked for a pixel.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np

import terrazzo as tz
from terrazzo.blocks import BlockGrid, total_pixels
from terrazzo.io.results.markers import marker, read_markers
from terrazzo.lattice import Lattice
from terrazzo.memory import readable_bytes
from terrazzo.models.passes.segment_task import pixels_computed
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.features import DEFAULT_FEATURES
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

BLOCKS, SIZES = (1024, 2048, 4096, 8192), (8, 16, 32)
SIDE = 2**17
SIDES = (32_768, 10**6, 10**7)


def main() -> None:
    halo = [overhead(block, size) for size in SIZES for block in BLOCKS]
    plans = [planned(side) for side in SIDES]
    print(json.dumps({"halo": halo, "plans": plans, "markers": markers(plans[1]["blocks"])}, indent=1))


def overhead(block: int, size: int) -> dict[str, Any]:
    """Return what is read and computed of an image with many blocks, over its pixels."""
    grid = BlockGrid.of(Lattice((SIDE, SIDE), (size, size)), block)
    parameters = SuperpixelParameters((size, size))
    labels, graph = Recipe(1, parameters, ()), Recipe(1, parameters, DEFAULT_FEATURES)
    return {
        "size": size,
        "block": grid.block_cells[0] * size,
        "read_per_kept": round(total_pixels(grid, graph.window) / SIDE**2, 3),
        "read_per_kept_without_features": round(total_pixels(grid, labels.window) / SIDE**2, 3),
        "computed_per_kept": round(pixels_computed(grid, parameters) / SIDE**2, 3),
    }


def planned(side: int) -> dict[str, Any]:
    """Return the plan of an image of `side` x `side` uint8 pixels, and what planning takes."""
    image = da.zeros((side, side), chunks=max(2048, side // 64), dtype=np.uint8)
    began = time.perf_counter()
    made = tz.plan(image, tz.SuperpixelParameters(16), block=2048, workers=2)
    return {
        "side": side,
        "seconds_of_planning": round(time.perf_counter() - began, 2),
        "blocks": made.blocks,
        "tasks": made.tasks,
        "superpixels": made.superpixels,
        "edges_at_most": made.edges,
        "disk": {name: readable_bytes(count) for name, count in made.disk.items()},
        "memory_per_worker": readable_bytes(made.memory_per_worker),
    }


def markers(blocks: int) -> dict[str, Any]:
    """Return what the markers of so many blocks take: to make, to list on resume, and memory."""
    side = round(blocks**0.5)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        for y in range(side):
            for x in range(side):
                marker(Path(folder), (y, x), (16_384, 49_000, 0)).touch()
        made, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = len(read_markers(Path(folder)))
        listed = time.perf_counter()
        return {
            "markers": found,
            "seconds_to_make": round(made - began, 2),
            "seconds_to_list": round(listed - made, 2),
            "mib_to_hold": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024,
        }


if __name__ == "__main__":
    main()
