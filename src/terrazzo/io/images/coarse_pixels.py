"""The pixels of a coarse stored level of an image, where reading them costs next to nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.html import MOST_READ, SIDE
from terrazzo.io.images.decoding import decoding
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.images.stored_level import at_level
from terrazzo.io.readers.axes import RGB
from terrazzo.io.readers.location import is_url

# Of a stack many files might have to be looked at.
KINDS = ("zarr", "tiff", "raster", "npy", "hdf5")
BYTES_PER_PIXEL = 8
# Some pyramids end at a single pixel; each level that is looked at is opened.
MOST_LEVELS = 4


def coarse_pixels(stored: StoredArray, level: int, levels: int, channels: tuple[str, ...]) -> NDArray[Any] | None:
    """Return (c, y, x) of the coarsest level that fills a thumbnail, of a volume its middle section.

    It is None where that is not cheap.

    Parameters
    ----------
    stored : StoredArray
        A level of the image.
    level, levels : int
        Which one it is, and how many there are.
    channels : tuple of str
        Red, green and blue are read together, of others the first.
    """
    if type(stored) is not StoredArray or stored.kind not in KINDS or is_url(stored.path):
        return None
    if stored.kind == "tiff" and stored.ndim == 4:  # each section is a page that has to be found
        return None
    try:
        coarse = _coarsest(stored, level, levels)
        return None if coarse is None else _read(coarse, channels)
    except Exception:  # whatever became of the file: who looks at a value did not ask to read it
        return None


def _coarsest(stored: StoredArray, level: int, levels: int) -> StoredArray | None:
    """Return the coarsest level that fills a thumbnail, if it is small and stored in small pieces."""
    for number in range(levels - 1, max(-1, levels - 1 - MOST_LEVELS), -1):
        coarse = stored if number == level else at_level(stored, number)
        if max(coarse.shape[-2:]) >= SIDE:
            break
    if math.prod(coarse.shape[-2:]) > MOST_READ:
        return None
    cost = decoding(coarse)
    return coarse if max(cost.held, cost.chunk) <= BYTES_PER_PIXEL * MOST_READ else None


def _read(coarse: StoredArray, channels: tuple[str, ...]) -> NDArray[Any]:
    lead = slice(None) if tuple(name.lower() for name in channels) == RGB else slice(0, 1)
    middle = (coarse.shape[1] // 2,) if coarse.ndim == 4 else ()
    return np.asarray(coarse[(lead, *middle)])
