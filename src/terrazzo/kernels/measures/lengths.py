"""How long is a row once its columns are turned and stretched?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel


@kernel
def squared_lengths(columns: NDArray[np.float64], axes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the squared length of ``axes @ row`` for each row, shape (N,), summed in the order of the columns.

    A row gives the same bits whichever others come with it, which no library promises of a product of matrices.

    Parameters
    ----------
    columns : ndarray of float64, shape (F, N)
        The rows, column by column.
    axes : ndarray of float64, shape (F, F)
        Lower triangular.
    """
    width, number = columns.shape
    total, along = np.zeros(number), np.empty(number)
    for axis in range(width):
        along[:] = 0
        for column in range(axis + 1):
            share = axes[axis, column]
            for row in range(number):
                along[row] += share * columns[column, row]
        for row in range(number):
            total[row] += along[row] * along[row]
    return total
