"""From nodes back to pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel


@kernel
def paint(cells: NDArray[np.int32], values: NDArray[np.uint8], empty: int) -> NDArray[np.uint8]:
    """Return the value of each pixel's region, of the shape of `cells`.

    Parameters
    ----------
    cells : ndarray of int32, of any shape
        The region of each pixel; -1 is none and is painted `empty`.
    values : ndarray of uint8, shape (regions,)
        A value per region.
    empty : int
        The value of pixels without a region.
    """
    image = np.empty(cells.size, np.uint8)
    for pixel, cell in enumerate(cells.ravel()):
        image[pixel] = values[cell] if cell >= 0 else empty
    return image.reshape(cells.shape)
