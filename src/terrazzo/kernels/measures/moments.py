"""Areas and centroids of regions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel


@kernel
def areas(index: NDArray[np.int32], number: int) -> NDArray[np.int64]:
    """Return the pixels of each of `number` regions; `index`, of any shape, is -1 where there is none."""
    area = np.zeros(number, np.int64)
    for region in index.ravel():
        if region >= 0:
            area[region] += 1
    return area


@kernel
def offsets(index: NDArray[np.int32], origin: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the summed offsets (z, y, x) of each region's pixels from its `origin`, shape (regions, 3)."""
    sums = np.zeros(origin.shape, np.int64)
    for z in range(index.shape[0]):
        for y in range(index.shape[1]):
            for x in range(index.shape[2]):
                region = index[z, y, x]
                if region >= 0:
                    sums[region, 0] += z - origin[region, 0]
                    sums[region, 1] += y - origin[region, 1]
                    sums[region, 2] += x - origin[region, 2]
    return sums
