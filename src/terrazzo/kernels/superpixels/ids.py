"""Between a block's own cell numbers and the ids of the whole lattice."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel
from terrazzo.kernels.superpixels.slic import first_candidates


def ids_of(
    cells: NDArray[np.int32], box: tuple[int, ...], first: tuple[int, ...], lattice: tuple[int, ...], ids: NDArray[Any]
) -> None:
    """Write the ids of `cells` into `ids`, both (z, y, x).

    Parameters
    ----------
    cells : ndarray of int32, shape (z, y, x)
        Raster indices in a box of cells; -1 is none and becomes the id 0.
    box : tuple of int
        The box's number of cells along z, y and x.
    first : tuple of int
        The box's first cell.
    lattice : tuple of int
        The whole lattice's number of cells along z, y and x.
    ids : ndarray of unsigned int, shape (z, y, x)
        Where the ids go.
    """
    z, y, x = (np.arange(start, start + count, dtype=np.int64) for start, count in zip(first, box, strict=True))
    raster = (z[:, None, None] * lattice[1] + y[:, None]) * lattice[2] + x
    _look_up(cells, (1 + raster.ravel()).astype(ids.dtype), ids)


@kernel
def _look_up(cells, table, ids):
    for z in range(cells.shape[0]):
        for y in range(cells.shape[1]):
            for x in range(cells.shape[2]):
                if cells[z, y, x] >= 0:
                    ids[z, y, x] = table[cells[z, y, x]]
                else:
                    ids[z, y, x] = 0


def cells_of(
    ids: NDArray[np.unsignedinteger[Any]],
    lattice: tuple[int, ...],
    origin: tuple[int, ...],
    size: tuple[int, ...],
    first: tuple[int, ...],
    box: tuple[int, ...],
) -> tuple[NDArray[np.int32], int]:
    """Return the cells of `ids` as raster indices in a box of cells.

    Parameters
    ----------
    ids : ndarray of unsigned int, shape (z, y, x)
        Ids of lattice superpixels; 0 is none.
    lattice : tuple of int
        The whole lattice's number of cells along z, y and x.
    origin : tuple of int
        The pixel of the whole image at which `ids` starts.
    size : tuple of int
        The lattice's spacing in pixels.
    first, box : tuple of int
        The box's first cell and its number of cells, along z, y and x.

    Returns
    -------
    cells : ndarray of int32, shape (z, y, x)
        Raster indices in the box; -1 is none.
    foreign : int
        The raster index of the first pixel whose id the lattice does not allow there, or -1.
    """
    bases = tuple(first_candidates(*axis) for axis in zip(ids.shape, size, origin, strict=True))
    cells, deepest = np.empty(ids.shape, np.int32), 0 if size[0] == 1 else 1
    return cells, _number_cells(ids, lattice, bases, deepest, first, box, cells)


@kernel
def _number_cells(ids, lattice, bases, deepest, first, box, cells):
    base_z, base_y, base_x = bases
    foreign = -1
    for z in range(ids.shape[0]):
        for y in range(ids.shape[1]):
            row, numbers = ids[z, y], cells[z, y]
            known, allowed, x_cell, number = ids.dtype.type(0), False, 0, 0
            for x in range(row.size):
                if row[x] == 0:
                    numbers[x] = -1
                    continue
                if row[x] != known:  # runs of pixels share an id, and divisions are slow
                    known, raster = row[x], np.int64(row[x]) - 1
                    line, x_cell = raster // lattice[2], raster % lattice[2]
                    z_cell, y_cell = line // lattice[1], line % lattice[1]
                    allowed = 0 <= z_cell < lattice[0] and 0 <= z_cell - base_z[z] <= deepest
                    allowed = allowed and 0 <= y_cell - base_y[y] <= 1
                    number = ((z_cell - first[0]) * box[1] + y_cell - first[1]) * box[2] + x_cell - first[2]
                inside = allowed and 0 <= x_cell - base_x[x] <= 1
                if not inside and foreign < 0:
                    foreign = (z * ids.shape[1] + y) * ids.shape[2] + x
                numbers[x] = number if inside else -1
    return foreign


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
