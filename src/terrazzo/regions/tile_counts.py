"""Where is how much annotated? Pixels per class in tiles of whole cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.lattice import Lattice


@dataclass(frozen=True, eq=False)
class TileCounts:
    """The annotated tiles of a block or of an image.

    Parameters
    ----------
    start, stop : ndarray of int64, shape (T, 2) or (T, 3)
        The first cell of each tile, and the one after its last.
    counts : ndarray of uint64, shape (T, C)
        Annotated pixels of each class under the nodes that are seeded in it; no row is 0.
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
        tile_of_node = lattice.cells_of(ids[annotated]) // side
        tiles, rows = np.unique(tile_of_node, axis=0, return_inverse=True)
        summed = np.zeros((len(tiles), counts.shape[1]), np.uint64)
        np.add.at(summed, rows.ravel(), counts[annotated].astype(np.uint64))
        return cls(tiles * side, (tiles + 1) * side, summed)
