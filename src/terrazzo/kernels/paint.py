"""From nodes back to pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel


@kernel
def paint(cells: NDArray[np.int32], values: NDArray[np.uint8], empty: int) -> NDArray[np.uint8]:
    """Return the value of each pixel's region, shape (y, x).

    Parameters
    ----------
    cells : ndarray of int32, shape (y, x)
        The region of each pixel; -1 is none and is painted `empty`.
    values : ndarray of uint8, shape (regions,)
        A value per region.
    empty : int
        The value of pixels without a region.
    """
    image = np.empty(cells.shape, np.uint8)
    for y in range(cells.shape[0]):
        for x in range(cells.shape[1]):
            image[y, x] = values[cells[y, x]] if cells[y, x] >= 0 else empty
    return image
