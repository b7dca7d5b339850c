"""Which superpixels of a lattice touch: edges between cells, for a conditional random field on a box of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.lattice import Lattice
from terrazzo.models.messages.touching_pairs import TouchingPairs
from terrazzo.regions.graphs.block_graph import BlockGraph


@dataclass(frozen=True, eq=False)
class CellEdges:
    """Edges of a region graph whose regions are superpixels of a lattice.

    Parameters
    ----------
    cells : ndarray of int32, shape (2, E, axes)
        Those of the lower and of the higher superpixel, in the whole lattice.
    features : ndarray of float32, shape (E, G)
        The extent of the boundary, then contrasts.
    """

    cells: NDArray[np.int32]
    features: NDArray[np.float32]

    @classmethod
    def of(cls, part: BlockGraph, lattice: Lattice) -> Self:
        """Return the edges that a block owns."""
        return cls(lattice.cells_of(part.edges).astype(np.int32), np.asarray(part.edge_features))

    @classmethod
    def joined(cls, parts: Sequence[CellEdges]) -> Self:
        """Return all of several, in order."""
        return cls(
            np.concatenate([part.cells for part in parts], axis=1), np.concatenate([part.features for part in parts])
        )

    def between(self, box: Box, present: NDArray[np.bool_] | None = None) -> CellEdges:
        """Return those between superpixels of a box of cells, and of the cells in it that are present."""
        kept = ((self.cells >= box.start) & (self.cells < box.stop)).all(axis=(0, 2))
        inside = CellEdges(self.cells[:, kept], self.features[kept])
        if present is None:
            return inside
        there = present[tuple(np.moveaxis(inside.cells - np.array(box.start), 2, 0))].all(axis=0)
        return CellEdges(inside.cells[:, there], inside.features[there])

    def places(self, box: Box) -> NDArray[np.int64]:
        """Return the places (2, E) of their ends in the raster of a box that holds them."""
        found: NDArray[np.int64]
        found = np.ravel_multi_index(tuple(np.moveaxis(self.cells - np.array(box.start), 2, 0)), box.shape)
        return found

    @property
    def none(self) -> CellEdges:
        """None of them, with the same columns."""
        return CellEdges(self.cells[:, :0], self.features[:0])

    @property
    def offsets(self) -> NDArray[np.int32]:
        """From one end to the other, in cells: shape (E, axes)."""
        found: NDArray[np.int32] = self.cells[1] - self.cells[0]
        return found


def pairs_within(parts: Sequence[BlockGraph], box: Box, lattice: Lattice, device: torch.device | str) -> TouchingPairs:
    """Return the pairs of superpixels of a box of cells that touch, as rows of its raster.

    Parameters
    ----------
    parts : sequence of BlockGraph
        What the blocks own that have cells in the box; of others nothing is read but the ids.
    box : Box
    lattice : Lattice
    device : torch.device or str
    """
    columns = parts[0].edge_features.shape[1] if parts else 1
    found = [CellEdges(np.empty((2, 0, len(box.start)), np.int32), np.empty((0, columns), np.float32))]
    found += [CellEdges.of(part, lattice).between(box) for part in parts if _touches(part.ids, box, lattice)]
    edges = CellEdges.joined(found)
    return TouchingPairs.of(edges.places(box), edges.features, edges.offsets, device)


def _touches(ids: NDArray[np.unsignedinteger[Any]], box: Box, lattice: Lattice) -> bool:
    cells = lattice.cells_of(ids)
    return bool(((cells >= box.start) & (cells < box.stop)).all(axis=1).any())
