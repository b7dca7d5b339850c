"""Exact quantiles of regions: every pixel of a region is sorted, once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel


@kernel
def deciles(image: NDArray[np.float32], index: NDArray[np.int32], area: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the nine deciles of the intensities of each region, linearly interpolated, shape (N, 9).

    Parameters
    ----------
    image : ndarray of float32
        Intensities, of any shape.
    index : ndarray of int32, of the same shape
        The region of each pixel, counted from 0; -1 is none.
    area : ndarray of int64, shape (N,)
        The regions' pixels.

    Notes
    -----
    The definition is `numpy.quantile`'s default (Hyndman and Fan's type 7), in float64.
    """
    end = np.cumsum(area)
    place = end - area
    values = np.empty(end[-1] if end.size else 0, np.float32)
    regions, pixels = index.ravel(), image.ravel()
    for pixel in range(regions.size):
        region = regions[pixel]
        if region >= 0:
            values[place[region]] = pixels[pixel]
            place[region] += 1
    result = np.empty((area.size, 9), np.float32)
    for region in range(area.size):
        ordered = np.sort(values[end[region] - area[region] : end[region]])
        for tenth in range(1, 10):
            scaled = tenth * (area[region] - 1)
            below = scaled // 10
            low = np.float64(ordered[below])
            high = np.float64(ordered[min(below + 1, area[region] - 1)])
            result[region, tenth - 1] = low + (high - low) * ((scaled % 10) / 10.0)
    return result
