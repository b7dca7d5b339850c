"""Pixels as float32: which values it can work with, and which pixel has one that it cannot."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.errors import InputError

# Differences, sums and filter responses of values up to this are finite in float32.
MOST = 1e36
# Where all intensities lie within this, float32 has too few digits for them.
LEAST = 1e-36


def single_precision(image: NDArray[Any], window: Box, most: float = MOST, because: str = "") -> NDArray[np.float32]:
    """Return the pixels of `window`, (c, y, x) or (c, z, y, x), as contiguous float32.

    Parameters
    ----------
    image : ndarray
    window : Box
        Where it lies, for the message.
    most : float
        How large a value may be.
    because : str
        Why no larger, as the message says it after the number.

    Raises
    ------
    InputError
        If a pixel is NaN, infinite or larger than `most`; it names the first.
    """
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(image, dtype=np.float32)
    if is_within(single, most):
        return single
    at = tuple(int(i) for i in np.argwhere(~(np.abs(single) <= most))[0])
    axes = ", ".join("zyx"[-len(window.start) :])
    place = tuple(start + offset for start, offset in zip(window.start, at[1:], strict=True))
    raise InputError(
        f"the image is {image[at]} in channel {at[0]} at pixel ({axes}) = {place}; replace NaN, infinite and huge "
        f"values (above {most:.3g}{because}) first, or leave them out by a mask"
    )


def is_within(values: NDArray[np.float32], most: float) -> bool:
    """Whether all values are numbers from `-most` to `most`."""
    return bool(values.max(initial=0) <= most and values.min(initial=0) >= -most)  # false for NaN


def usable(pixels: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which pixels are numbers that float32 can work with."""
    found: NDArray[np.bool_] = np.abs(pixels) <= MOST if pixels.dtype.kind == "f" else np.ones(pixels.shape, np.bool_)
    return found
