"""Images in which one class is stripes and the other is smooth: easy to learn, quick to fit."""

import numpy as np

NAMES = ("smooth", "striped")


def striped(side=96, seed=0):
    """Return a uint8 image (y, x) and its classes: two halves that differ in texture and not in brightness."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((side, side))
    classes = (columns + rows / 3 > side * rng.uniform(0.5, 0.8)).astype(np.uint8)
    stripes = 60 * np.where(columns // 2 % 2, 1, -1) * classes
    return np.clip(128 + stripes + rng.normal(0, 8, (side, side)), 0, 255).astype(np.uint8), classes
