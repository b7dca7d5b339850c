"""Where is how much annotated? Pixels per class in tiles of whole cells."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.lattice import Lattice


@dataclass(frozen=True, eq=False)
class TileCounts:
    """The annotated tiles of a block or of an image.

    Parameters
    ----------
    start, stop : ndarray of int64, shape (T, 2) or (T, 3)
        The first cell of each tile, and the one after its last.
    counts : ndarray of uint64, shape (T, C)
        Annotated pixels of each class in it, or under the nodes that are seeded in it; no row is 0.
    """

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    counts: NDArray[np.uint64]

    @classmethod
    def of(
        cls, ids: NDArray[np.unsignedinteger[Any]], counts: NDArray[np.uint32], lattice: Lattice, side: tuple[int, ...]
    ) -> TileCounts:
        """Return the counts (N, C) of some nodes, summed over tiles of `side` cells."""
        annotated = counts.any(axis=1)
        return cls.of_cells(lattice.cells_of(ids[annotated]), counts[annotated], side)

    @classmethod
    def of_cells(cls, cells: NDArray[np.int64], counts: NDArray[np.uint32], side: int | tuple[int, ...]) -> TileCounts:
        """Return the counts (N, C) of annotated cells (N, axes), summed over tiles of `side` cells."""
        tiles, rows = np.unique(cells // side, axis=0, return_inverse=True)
        summed = np.zeros((len(tiles), counts.shape[1]), np.uint64)
        np.add.at(summed, rows.ravel(), counts.astype(np.uint64))
        return cls(tiles * side, (tiles + 1) * side, summed)

    @classmethod
    def joined(cls, parts: Sequence[TileCounts], axes: int, classes: int) -> TileCounts:
        """Return the tiles of all parts, in order, with so many axes and classes."""
        places = np.empty((0, axes), np.int64)
        return cls(
            np.concatenate([places, *(part.start for part in parts)]),
            np.concatenate([places, *(part.stop for part in parts)]),
            np.concatenate([np.empty((0, classes), np.uint64), *(part.counts for part in parts)]),
        )

    @classmethod
    def of_pixels(cls, truth: NDArray[np.uint8], block: Block, classes: int, side: tuple[int, ...]) -> TileCounts:
        """Return the counts of a block's core, pixels of 0 to `classes` or 255, in tiles of `side` cells."""
        spans = zip(block.cells.start, block.cells.stop, side, strict=True)
        starts = itertools.product(*(range(start, stop, step) for start, stop, step in spans))
        rows = [(start, counts) for start in starts if (counts := _counts(truth, start, block, classes, side)).any()]
        first = np.array([start for start, _ in rows], np.int64).reshape(-1, len(side))
        counted = np.array([counts for _, counts in rows], np.uint64).reshape(-1, classes)
        return cls(first, np.minimum(first + side, block.cells.stop), counted)


def _counts(
    truth: NDArray[np.uint8], start: tuple[int, ...], block: Block, classes: int, side: tuple[int, ...]
) -> NDArray[np.int64]:
    """Return the pixels of each class in the tile that starts at a cell of a block."""
    stop = tuple(min(a + s, b) for a, s, b in zip(start, side, block.cells.stop, strict=True))
    tile = Box(start, stop).scaled(block.lattice.size, block.lattice.shape)
    return np.bincount(truth[tile.within(block.core)].ravel(), minlength=classes)[:classes]
