"""Between a block's own cell numbers and the ids of the whole lattice."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel
from terrazzo.kernels.slic import first_candidates


@kernel
def ids_of(
    cells: NDArray[np.int32],
    columns: int,
    first: tuple[int, int],
    lattice_columns: int,
    ids: NDArray[Any],
) -> None:
    """Write the ids of `cells` (y, x), numbered in a lattice that starts at cell `first`, into `ids` (y, x)."""
    for y in range(cells.shape[0]):
        for x in range(cells.shape[1]):
            row = np.int64(cells[y, x] // columns + first[0])
            column = np.int64(cells[y, x] % columns + first[1])
            ids[y, x] = 1 + row * lattice_columns + column


def cells_of(
    ids: NDArray[np.unsignedinteger[Any]],
    lattice_columns: int,
    origin: tuple[int, int],
    size: tuple[int, int],
    first: tuple[int, int],
    columns: int,
) -> tuple[NDArray[np.int32], int]:
    """Return the cells of `ids`, numbered in a box of cells that is `columns` wide and starts at cell `first`.

    Parameters
    ----------
    ids : ndarray of unsigned int, shape (y, x)
        Ids of lattice superpixels; 0 is none.
    lattice_columns : int
        The width of the whole lattice in cells.
    origin : tuple of int
        The pixel of the whole image at which `ids` starts.
    size : tuple of int
        The lattice's spacing in pixels.
    first, columns
        The box of cells: its first cell and its width.

    Returns
    -------
    cells : ndarray of int32, shape (y, x)
        Raster indices in the box; -1 is none.
    foreign : int
        The raster index of the first pixel whose id the lattice does not allow there, or -1.
    """
    base_y = first_candidates(ids.shape[0], size[0], origin[0])
    base_x = first_candidates(ids.shape[1], size[1], origin[1])
    cells = np.empty(ids.shape, np.int32)
    return cells, _number_cells(ids, lattice_columns, base_y, base_x, first, columns, cells)


@kernel
def _number_cells(ids, lattice_columns, base_y, base_x, first, columns, cells):
    foreign = -1
    for y in range(ids.shape[0]):
        for x in range(ids.shape[1]):
            if ids[y, x] == 0:
                cells[y, x] = -1
                continue
            raster = np.int64(ids[y, x]) - 1
            row, column = raster // lattice_columns, raster % lattice_columns
            inside = 0 <= row - base_y[y] <= 1 and 0 <= column - base_x[x] <= 1
            if not inside and foreign < 0:
                foreign = y * ids.shape[1] + x
            cells[y, x] = (row - first[0]) * columns + column - first[1] if inside else -1
    return foreign
