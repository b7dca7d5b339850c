"""Where regions lie: their first pixels and their bounding boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel


@kernel
def extents(index: NDArray[np.int32], number: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the first pixel in raster order, the start and the stop of the bounding box of each region.

    Parameters
    ----------
    index : ndarray of int32, shape (z, y, x)
        The region of each pixel, counted from 0; -1 is none.
    number : int
        The number of regions.

    Returns
    -------
    first, start, stop : ndarray of int64, shape (regions, 3)
        In `(z, y, x)`; `stop` is outside, and 0 for a region without pixels.
    """
    first = np.zeros((number, 3), np.int64)
    start = np.zeros((number, 3), np.int64)
    stop = np.zeros((number, 3), np.int64)
    for z in range(index.shape[0]):
        for y in range(index.shape[1]):
            for x in range(index.shape[2]):
                region = index[z, y, x]
                if region < 0:
                    continue
                if stop[region, 0] == 0:
                    first[region] = start[region] = (z, y, x)
                start[region, 1] = min(start[region, 1], y)
                start[region, 2] = min(start[region, 2], x)
                stop[region, 0] = z + 1
                stop[region, 1] = max(stop[region, 1], y + 1)
                stop[region, 2] = max(stop[region, 2], x + 1)
    return first, start, stop
