"""Superpixels of an H&E slide beside scikit-image's `slic` on the same pixels, stage by stage, grey and in colour.

python benchmarks/tissue.py

Core-seconds per megapixel of 2048 x 2048 pixels at 16 px on one thread; rounds of both follow each other.
"""

from __future__ import annotations

import json
import statistics
import time

import numpy as np
from microscopy import data_folder
from skimage.segmentation import slic

import terrazzo as tz
from terrazzo.blocks import BlockGrid
from terrazzo.ledger import Stopwatch
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.superpixels.block_labels import block_labels

PLACE, SIDE, SIZE, ROUNDS = (6144, 6144), 2048, 16, 5


def main() -> None:
    slide = tz.open_image(next((data_folder("breast-he-slide") / "images").glob("*.jpg")))
    y, x = PLACE
    colour = slide.stored[:, y : y + SIDE, x : x + SIDE]
    print(json.dumps({"green": measured(colour[1:2]), "red, green and blue": measured(colour)}, indent=1))


def measured(image: np.ndarray) -> dict[str, object]:
    """Return the medians of both and of our stages, and how many times theirs ours go into."""
    block = BlockGrid.of(tz.Lattice.of(image, SIZE), 2 * SIDE)[(0, 0)]
    recipe = Recipe(len(image), tz.SuperpixelParameters((SIZE, SIZE)))
    scale = float(np.sqrt(image.astype(float).var(axis=(1, 2)).sum()))
    single = image.astype(np.float32) / 255
    grey = len(image) == 1
    pixels = single[0] if grey else np.moveaxis(single, 0, -1)
    options = {"compactness": 0.1, "channel_axis": None} if grey else {"compactness": 10.0, "channel_axis": -1}
    ours, theirs, stages = [], [], []
    for _ in range(ROUNDS + 1):
        began = time.process_time()
        with Stopwatch() as watch:
            block_labels(image, recipe.window(block), block, recipe.superpixels, scale=scale, margin=1)
        ours.append(time.process_time() - began)
        stages.append({name: spent.core_seconds for name, spent in watch.ledger.stages.items()})
        began = time.process_time()
        slic(pixels, n_segments=(SIDE // SIZE) ** 2, max_num_iter=5, **options)
        theirs.append(time.process_time() - began)
    megapixels = SIDE * SIDE / 1e6
    our_median, their_median = (statistics.median(taken[1:]) / megapixels for taken in (ours, theirs))
    return {
        "ours": round(our_median, 4),
        "stages": {
            name: round(statistics.median(one[name] for one in stages[1:]) / megapixels, 4) for name in stages[1]
        },
        "scikit-image slic": round(their_median, 4),
        "ratio": round(their_median / our_median, 2),
    }


if __name__ == "__main__":
    main()
