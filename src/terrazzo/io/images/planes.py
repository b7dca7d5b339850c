"""The channels of a window one by one, read together where that takes little memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.io.images.stored_array import StoredArray

MOST_TOGETHER = 2**26


def planes(stored: StoredArray, box: Box) -> Iterator[NDArray[Any]]:
    """Yield the pixels of a box of each channel: several are read at a time while they take at most 64 MiB."""
    channels, one = stored.shape[0], math.prod(box.shape) * stored.dtype.itemsize
    together = max(1, min(channels, MOST_TOGETHER // one))
    for first in range(0, channels, together):
        yield from stored[(slice(first, first + together), *box.slices)]
