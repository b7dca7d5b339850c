"""Images that are small enough to be held while a network learns, so that no patch is decoded twice."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from terrazzo.blocks import Box
from terrazzo.blockwise.inputs.windows import Readable, read_window
from terrazzo.memory import MIB

MOST_HELD = 256 * MIB


def held(arrays: Iterable[Readable], most: int = MOST_HELD) -> list[Readable]:
    """Return arrays as they are or, wherever there is still room, in memory.

    Parameters
    ----------
    arrays : iterable of Readable
    most : int
        Bytes that those which are read may take together. The others are to be read window by window.
    """
    readable, left = list[Readable](), most
    for array in arrays:
        size = math.prod(array.shape) * array.dtype.itemsize
        if not isinstance(array, np.ndarray) and size <= left:
            array, left = read_window(array, Box((0,) * array.ndim, array.shape)), left - size
        readable.append(array)
    return readable
