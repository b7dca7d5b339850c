"""A 2x pyramid of each section, aligned to absolute coordinates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel


@kernel
def halved(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of each 2 x 2 pixels of each section (z, y, x), the next level of a pyramid.

    An odd last row or column counts twice.
    """
    depth, height, width = image.shape
    half = np.empty((depth, (height + 1) // 2, (width + 1) // 2), np.float32)
    for z in range(depth):
        for y in range(half.shape[1]):
            top, bottom, row = image[z, 2 * y], image[z, min(2 * y + 1, height - 1)], half[z, y]
            for x in range(half.shape[2]):
                other = min(2 * x + 1, width - 1)
                row[x] = np.float32(0.25) * ((top[2 * x] + top[other]) + (bottom[2 * x] + bottom[other]))
    return half


@kernel
def enlarged_into(coarse: NDArray[np.float32], level: int, top: int, left: int, result: NDArray[np.float32]) -> None:
    """Write the values of the coarse pixels that the pixels of a section lie in.

    Parameters
    ----------
    coarse : ndarray of float32, shape (y, x)
        A section on level `level` of the pyramid.
    level : int
    top, left : int
        The pixel at which the result begins, counted from the first that the coarse section covers.
    result : ndarray of float32, shape (y, x)
    """
    for y in range(result.shape[0]):
        values, row = coarse[(top + y) >> level], result[y]
        if y and (top + y) >> level == (top + y - 1) >> level:
            row[:] = result[y - 1]
        elif level == 0:
            row[:] = values[left : left + row.size]
        else:
            for x in range(row.size):
                row[x] = values[(left + x) >> level]
