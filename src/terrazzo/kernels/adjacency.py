"""Which lattice superpixels touch, along how many pixel faces, and how much the image changes across them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

# A region stays in its window, so that neighbours' cells differ by at most two: 12 of the 24 have a higher id.
REACH = 2
HIGHER = REACH * (2 * REACH + 1) + REACH


def adjacency(
    cells: NDArray[np.int32], columns: int, owned: NDArray[np.bool_], image: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]:
    """Return the edges whose lower region is owned, in the order (low, high).

    Parameters
    ----------
    cells : ndarray of int32, shape (y, x)
        Raster indices of cells in a lattice `columns` wide; -1 is no superpixel.
    columns : int
        The width of that lattice.
    owned : ndarray of bool, shape (cells,)
        Which cells' edges are wanted.
    image : ndarray of float32, shape (c, y, x)
        The image under `cells`.

    Returns
    -------
    edges : ndarray of int32, shape (2, E)
        The lower and the higher cell of each edge.
    length : ndarray of int64, shape (E,)
        The boundary's length in pixel faces.
    contrast : ndarray of float64, shape (E, c)
        The mean absolute difference of intensity across the boundary.
    """
    length = np.zeros((owned.size, HIGHER), np.int64)
    difference = np.zeros((image.shape[0], owned.size, HIGHER), np.float64)
    _add_faces(cells, columns, owned, image, length, difference)
    low, slot = np.nonzero(length)
    row, column = (slot + REACH + 1) // (2 * REACH + 1), (slot + REACH + 1) % (2 * REACH + 1) - REACH
    edges = np.stack([low, low + row * columns + column]).astype(np.int32)
    kept = length[low, slot]
    return edges, kept, (difference[:, low, slot] / kept).T


@kernel
def _add_faces(cells, columns, owned, image, length, difference):
    height, width = cells.shape
    for y in range(height):
        for x in range(width):
            here = cells[y, x]
            if x + 1 < width and cells[y, x + 1] != here:
                _add_face(here, cells[y, x + 1], columns, owned, image, y, x, y, x + 1, length, difference)
            if y + 1 < height and cells[y + 1, x] != here:
                _add_face(here, cells[y + 1, x], columns, owned, image, y, x, y + 1, x, length, difference)


@kernel
def _add_face(a, b, columns, owned, image, y, x, other_y, other_x, length, difference):
    low, high = min(a, b), max(a, b)
    if low < 0 or not owned[low]:
        return
    row = high // columns - low // columns
    column = high % columns - low % columns
    slot = row * (2 * REACH + 1) + column - 1
    length[low, slot] += 1
    for channel in range(image.shape[0]):
        change = np.float64(image[channel, y, x]) - np.float64(image[channel, other_y, other_x])
        difference[channel, low, slot] += abs(change)
