"""Which cells are candidates for the next place to draw at, and in which order are they taken?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from terrazzo.blocks import Block

MOST = 4096
"""Candidates that are kept of all images, the least sure ones."""

APART = 6
"""Cells between two places along one axis at least, and between a place and what is drawn half of it."""

MOST_KNOWN = 4096
"""Superpixels that are drawn on that candidates are compared with, evenly spaced among all."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Cells that are unsure.

    Parameters
    ----------
    images : ndarray of int64, shape (K,)
        The number of each cell's image.
    cells : ndarray of int64, shape (K, axes)
    unsure : ndarray of float64, shape (K,)
        1 less the margin, in the mean of the cell and those around it.
    classes : ndarray of int64, shape (K, 2)
        The likeliest class and the next.
    embeddings : ndarray of float32, shape (K, width)
    """

    images: NDArray[np.int64]
    cells: NDArray[np.int64]
    unsure: NDArray[np.float64]
    classes: NDArray[np.int64]
    embeddings: NDArray[np.float32]

    def chosen(self, rows: NDArray[Any] | list[int]) -> Candidates:
        """Return some of them."""
        return Candidates(*(getattr(self, one.name)[rows] for one in fields(self)))


def unsure_cells(
    image: int,
    block: Block,
    probabilities: NDArray[np.float32],
    embeddings: NDArray[np.float32],
    present: NDArray[np.bool_],
    drawn: NDArray[np.bool_],
) -> Candidates:
    """Return of each tile of 6 cells along a side of a block the least sure cell, if none around it is drawn on.

    Parameters
    ----------
    image : int
        Its number.
    block : Block
    probabilities : ndarray of float32, shape (*cells, C)
    embeddings : ndarray of float32, shape (*cells, width)
    present, drawn : ndarray of bool, shape (*cells,)
        Which cells have a superpixel, and of which some pixels are annotated.
    """
    order = np.argsort(-probabilities, axis=-1, kind="stable")[..., :2]
    best = np.take_along_axis(probabilities, order, axis=-1).astype(np.float64)
    unsure = np.where(present, 1 - (best[..., 0] - best[..., 1]), 0)
    # boundaries are unsure everywhere: what counts is a place in which most are
    share = ndimage.uniform_filter(present.astype(np.float64), 3, mode="constant")
    mean = ndimage.uniform_filter(unsure, 3, mode="constant") / np.maximum(share, 1e-9)
    near = ndimage.binary_dilation(drawn, iterations=APART // 2) if drawn.any() else drawn
    mean = np.where(present & ~near, mean, -1.0)
    cells = np.argwhere(mean >= 0)
    tiles = np.ravel_multi_index(tuple(((cells + block.cells.start) // APART).T), _tiles(block))
    values = mean[tuple(cells.T)]
    by_tile = np.lexsort((np.arange(len(cells)), -values, tiles))
    first = by_tile[np.unique(tiles[by_tile], return_index=True)[1]]
    places = tuple(cells[first].T)
    return Candidates(
        np.full(len(first), image, np.int64),
        cells[first] + block.cells.start,
        values[first],
        order[places].astype(np.int64),
        embeddings[places],
    )


def best_of(parts: Sequence[Candidates]) -> Candidates:
    """Return the least sure of several candidates, at most 4096, in an order that the parts' order does not change."""
    joined = Candidates(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Candidates)))
    keys = (*joined.cells.T[::-1], joined.images, -joined.unsure)
    return joined.chosen(np.lexsort(keys)[:MOST])


def picked(pool: Candidates, known: Sequence[NDArray[np.float32]], number: int) -> Iterator[tuple[int, float]]:
    """Yield rows of a pool, at most so many, with the gain of each, the largest first.

    Parameters
    ----------
    pool : Candidates
    known : sequence of ndarray of float32, each (N, width)
        Embeddings that are drawn on.
    number : int
    """
    if not len(pool.unsure):
        return
    spread = pool.embeddings.std(axis=0, dtype=np.float64) + 1e-6
    scaled = pool.embeddings / spread / np.sqrt(len(spread))
    distance = np.full(len(scaled), np.inf)
    drawn = np.concatenate([np.empty((0, len(spread)), np.float32), *known])
    for row in drawn[:: max(1, -(-len(drawn) // MOST_KNOWN))]:
        distance = np.minimum(distance, _distance(scaled, row / spread / np.sqrt(len(spread))))
    free = np.ones(len(scaled), np.bool_)
    for _ in range(number):
        gains = np.where(free, pool.unsure * np.minimum(distance, 1e6), -1.0)
        row = int(gains.argmax())
        if gains[row] <= 0:
            return
        yield row, float(gains[row])
        distance = np.minimum(distance, _distance(scaled, scaled[row]))
        close = (np.abs(pool.cells - pool.cells[row]) < APART).all(axis=1) & (pool.images == pool.images[row])
        free &= ~close


def _distance(rows: NDArray[np.float64], one: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.sqrt(np.square(rows - one).sum(axis=1))
    return found


def _tiles(block: Block) -> tuple[int, ...]:
    return tuple(-(-cells // APART) for cells in block.lattice.cells)
