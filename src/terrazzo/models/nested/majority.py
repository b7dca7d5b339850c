"""The votes of the nodes nearest to a node: which domain have most of them?"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from terrazzo.blocks import Box
from terrazzo.lattice import Lattice

CELLS_ASKED = {2: 5, 3: 3}
"""On a lattice of so many axes: how many cells away, each way, those are that may be asked."""

ROWS_AT_ONCE = 4096


def votes_of_nearest(
    positions: NDArray[np.float64], classes: NDArray[np.integer[Any]], number: int, nearest: int
) -> NDArray[np.float32]:
    """Return for each node the share of each class among the nodes nearest to it, itself included.

    Parameters
    ----------
    positions : ndarray of float64, shape (N, D)
    classes : ndarray of int, shape (N,)
    number : int
        C, of classes.
    nearest : int
        How many nodes are asked; all, where there are fewer.

    Returns
    -------
    ndarray of float32, shape (N, C)
    """
    asked = min(nearest, len(positions))
    tree = cKDTree(positions)
    found = np.empty((len(positions), number), np.float32)
    for first in range(0, len(positions), ROWS_AT_ONCE):
        _, places = tree.query(positions[first : first + ROWS_AT_ONCE], asked)
        found[first : first + len(places)] = _shares(classes[places.reshape(len(places), asked)], number)
    return found


def votes_on_lattice(
    ids: NDArray[np.unsignedinteger[Any]],
    positions: NDArray[np.float64],
    classes: NDArray[np.integer[Any]],
    asking: NDArray[np.int64],
    lattice: Lattice,
    number: int,
    nearest: int,
) -> NDArray[np.float32]:
    """Return the same for superpixels, of which those are asked whose cells are at most `CELLS_ASKED` away.

    Of two that are equally near the one of the lower id is asked.

    Parameters
    ----------
    ids, positions, classes
        Of all superpixels that may be asked.
    asking : ndarray of int64, shape (M,)
        The rows of those that ask.
    lattice : Lattice
    number, nearest : int
        Of classes; of superpixels that are asked at most.

    Returns
    -------
    ndarray of float32, shape (M, C)
    """
    found = np.empty((len(asking), number), np.float32)
    if not len(ids):
        return found
    cells, reach = lattice.cells_of(ids), CELLS_ASKED[len(lattice.shape)]
    box = Box(tuple(cells.min(axis=0)), tuple(cells.max(axis=0) + 1))
    box = Box(tuple(a - reach for a in box.start), tuple(b + reach for b in box.stop))
    row_of = np.full(box.shape, -1, np.int64)
    row_of[tuple((cells - box.start).T)] = np.arange(len(ids))
    # in raster order, so that a stable sort asks the lower id first
    around = np.array(list(itertools.product(range(-reach, reach + 1), repeat=len(box.shape))))
    for first in range(0, len(asking), ROWS_AT_ONCE):
        rows = asking[first : first + ROWS_AT_ONCE]
        places = cells[rows][:, None] - box.start + around
        others = row_of[tuple(np.moveaxis(places, -1, 0))]
        distances = np.square(positions[others] - positions[rows][:, None]).sum(axis=-1)
        distances[others < 0] = np.inf
        order = np.argsort(distances, axis=1, kind="stable")[:, :nearest]
        asked = np.take_along_axis(others, order, axis=1)
        found[first : first + len(rows)] = _shares(np.where(asked < 0, -1, classes[asked]), number)
    return found


def _shares(asked: NDArray[np.integer[Any]], number: int) -> NDArray[np.float32]:
    """Return the share of each class in each row; -1 is nobody."""
    counts = np.stack([(asked == value).sum(axis=1) for value in range(number)], axis=1)
    shares: NDArray[np.float32] = (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares
