"""What lies between the middles of cells: rows of a grid, interpolated linearly along each axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel


@kernel
def between_cells(
    table: NDArray[np.float32],
    span: NDArray[np.int64],
    at: NDArray[np.float32],
    low: NDArray[np.int64],
    high: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return the rows of a grid of cells at some places between their middles, shape (P, H).

    Parameters
    ----------
    table : ndarray of float32, shape (cells, H)
        A row per cell, in raster order.
    span : ndarray of int64, shape (axes,)
        Cells of the grid along each axis.
    at : ndarray of float32, shape (P, axes)
        Places in cells; 0 is the middle of the first one.
    low, high : ndarray of int64, shape (axes,)
        The first and the last cell that there is: beyond them the rows are theirs.
    """
    axes, width = at.shape[1], table.shape[1]
    found = np.empty((at.shape[0], width), np.float32)
    for point in range(at.shape[0]):
        for corner in range(1 << axes):
            cell, weight = 0, np.float32(1)
            for axis in range(axes):
                step = (corner >> (axes - 1 - axis)) & 1
                floor = np.floor(at[point, axis])
                share = at[point, axis] - floor
                weight *= share if step else np.float32(1) - share
                place = min(max(np.int64(floor) + step, low[axis]), high[axis])
                cell = cell * span[axis] + place
            if corner == 0:
                for column in range(width):
                    found[point, column] = table[cell, column] * weight
            else:
                for column in range(width):
                    found[point, column] += table[cell, column] * weight
    return found
