"""How long does a U-Net wait for its patches? With images held decoded, and decoded again for every patch.

python benchmarks/patch_reading.py [NAME ...]        sets of `comparison.py`; one epoch of batches each, not trained on
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import torch
from comparison import CLASSES
from microscopy import pairs_of

import terrazzo as tz
from terrazzo.training.rules.patch_source import MOST_HELD, held
from terrazzo.training.rules.split_sources import split_sources
from terrazzo.training.unet.patch_batches import Patches, TrainingPatches
from terrazzo.training.unet.train_unet import intensity_scaling

PATCH, BATCH = (256, 256), 8


def main(names: list[str]) -> None:
    for name in names or CLASSES:
        print(json.dumps({"set": name, "held_ms": reading(name, MOST_HELD), "not_held_ms": reading(name, 0)}))


def reading(name: str, most: int) -> float:
    """Return the milliseconds in which a batch is ready, by the threads that read."""
    pairs = pairs_of(name)
    images = held([tz.open_image(image).stored for image, _ in pairs], most)
    truths = held([tz.open_labels(truth).stored for _, truth in pairs], most)
    sources = split_sources(images, truths, len(CLASSES[name]))
    mean, spread = (np.array(values, np.float32) for values in intensity_scaling(sources, 0))
    batches = TrainingPatches(Patches(sources, PATCH, BATCH, mean, spread, torch.device("cpu")))
    began = time.perf_counter()
    read = sum(1 for _ in batches.epoch(np.random.default_rng(0)))
    return round(1000 * (time.perf_counter() - began) / read, 1)


if __name__ == "__main__":
    main(sys.argv[1:])
