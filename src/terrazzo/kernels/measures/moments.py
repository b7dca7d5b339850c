"""Areas, centroids, means and standard deviations of regions, each summed in raster order."""

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


def mean_and_std(
    response: NDArray[np.float32],
    index: NDArray[np.int32],
    area: NDArray[np.int64],
    level: int = 0,
) -> NDArray[np.float32]:
    """Return the mean and the standard deviation of a filter response over each region.

    Parameters
    ----------
    response : ndarray of float32, shape (z, y, x)
        The response at pyramid level `level`: each of its pixels covers `2**level` pixels along y and x.
    index : ndarray of int32, shape (z, y, x)
        The region of each full-resolution pixel, counted from 0; -1 is none.
    area : ndarray of int64, shape (N,)
        The regions' pixels.
    level : int
        The pyramid level of `response`.

    Returns
    -------
    ndarray of float32, shape (N, 2)
    """
    if area.size == 0:
        return np.empty((0, 2), np.float32)
    sums = _sum_and_squares(response, index, area.size, level)
    mean = sums[0] / area
    variance = sums[1] / area - mean * mean
    return np.stack([mean, np.sqrt(np.maximum(variance, 0.0))], axis=1).astype(np.float32)


@kernel
def _sum_and_squares(response, index, number, level):
    depth, height, width = index.shape
    sums = np.zeros((2, number), np.float64)
    for z in range(depth):
        for y in range(height):
            values, row = response[z, y >> level], index[z, y]
            region = row[0]
            total, squares = sums[0, max(region, 0)], sums[1, max(region, 0)]
            for x in range(width):
                if row[x] != region:
                    if region >= 0:
                        sums[0, region], sums[1, region] = total, squares
                    region = row[x]
                    total, squares = sums[0, max(region, 0)], sums[1, max(region, 0)]
                value = np.float64(values[x >> level])
                total += value
                squares += value * value
            if region >= 0:
                sums[0, region], sums[1, region] = total, squares
    return sums
