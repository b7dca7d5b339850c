"""Which lattice superpixels touch, along how many pixel faces, and how much the image changes across them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

# A region stays in its window, so that neighbours' cells differ by at most two along each axis.
REACH = 2


def reach_along(size: tuple[int, ...]) -> tuple[int, ...]:
    """Return how far the cells of two regions that touch are apart at most: where cells are one pixel deep, 1."""
    return tuple(1 if along == 1 else REACH for along in size)


def adjacency(
    cells: NDArray[np.int32], box: tuple[int, ...], owned: NDArray[np.bool_], image: NDArray[np.float32]
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]:
    """Return the edges whose lower region is owned, in the order (low, high).

    Parameters
    ----------
    cells : ndarray of int32, shape (z, y, x)
        Raster indices in a box of cells; -1 is no superpixel.
    box : tuple of int
        The box's number of cells along z, y and x.
    owned : ndarray of bool, shape (cells,)
        Which cells' edges are wanted.
    image : ndarray of float32, shape (c, z, y, x)
        The image under `cells`.

    Returns
    -------
    edges : ndarray of int32, shape (2, E)
        The lower and the higher cell of each edge.
    faces : ndarray of int64, shape (E,)
        The boundary's extent in pixel faces.
    contrast : ndarray of float64, shape (E, c)
        The mean absolute difference of intensity across the boundary.

    Notes
    -----
    Each region has a table of the cells that it may touch and that have a higher id: half of those within two
    cells, which are 12 in an image and 62 in a volume. `place` is such that the difference of two places,
    less one, is the slot in that table.
    """
    reach = tuple(min(REACH, count - 1) for count in box)
    wide = tuple(2 * r + 1 for r in reach)
    higher = math.prod(wide) // 2
    z, y, x = np.indices(box, np.int32)
    place = ((z * wide[1] + y) * wide[2] + x).ravel()
    faces = np.zeros((owned.size, higher), np.int64)
    difference = np.zeros((image.shape[0], owned.size, higher), np.float64)
    _add_faces(cells, place, owned, image, faces, difference)
    low, slot = np.nonzero(faces)
    apart = np.stack(np.unravel_index(slot + 1 + higher, wide)) - np.array(reach)[:, None]
    high = low + (apart[0] * box[1] + apart[1]) * box[2] + apart[2]
    kept = faces[low, slot]
    return np.stack([low, high]).astype(np.int32), kept, (difference[:, low, slot] / kept).T


@kernel
def _add_faces(cells, place, owned, image, faces, difference):
    depth, height, width = cells.shape
    for z in range(depth):
        for y in range(height):
            row, below = cells[z, y], cells[z, min(y + 1, height - 1)]
            behind = cells[min(z + 1, depth - 1), y]
            for x in range(width):
                here = row[x]
                if x + 1 < width and row[x + 1] != here:
                    _add_face(here, row[x + 1], place, owned, image, (z, y, x), (z, y, x + 1), faces, difference)
                if below[x] != here:
                    _add_face(here, below[x], place, owned, image, (z, y, x), (z, y + 1, x), faces, difference)
                if behind[x] != here:
                    _add_face(here, behind[x], place, owned, image, (z, y, x), (z + 1, y, x), faces, difference)


@kernel
def _add_face(a, b, place, owned, image, here, there, faces, difference):
    low, high = min(a, b), max(a, b)
    if low < 0 or not owned[low]:
        return
    slot = place[high] - place[low] - 1
    faces[low, slot] += 1
    for channel in range(image.shape[0]):
        before = image[channel, here[0], here[1], here[2]]
        after = image[channel, there[0], there[1], there[2]]
        difference[channel, low, slot] += abs(np.float64(before) - np.float64(after))
