"""The same tissue seen otherwise: turned, mirrored, brighter or darker."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# In units of the images' spread: about what staining and exposure vary by.
GAIN, OFFSET = 0.1, 0.1


def augmented(
    pixels: NDArray[np.float32], truth: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return a patch (c, y, x) or (c, z, y, x), on the network's scale, and its annotation, mirrored and turned alike.

    Each axis is mirrored or not; sections turn by a multiple of 90 degrees, of 180 where they are not square. Each
    channel's intensity gets a gain of 1 and an offset of 0, give or take.
    """
    mirrored = tuple(axis for axis in range(-truth.ndim, 0) if rng.random() < 0.5)
    quarters = int(rng.integers(4)) if truth.shape[-1] == truth.shape[-2] else 2 * int(rng.integers(2))
    column = (len(pixels),) + (1,) * truth.ndim
    gain = 1 + GAIN * rng.standard_normal(column, np.float32)
    offset = OFFSET * rng.standard_normal(column, np.float32)

    def moved(array: NDArray[Any]) -> NDArray[Any]:
        return np.rot90(np.flip(array, mirrored), quarters, axes=(-2, -1))

    return moved(pixels) * gain + offset, moved(truth)
