"""What blocks own, cut to a box of cells: the surroundings that a block's answer depends on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.lattice import Lattice
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.merge import merge
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph


def near_graph(parts: Sequence[BlockGraph], box: Box, lattice: Lattice, recipe: Recipe) -> RegionGraph:
    """Return the graph of the nodes that are seeded in a box of cells.

    Parameters
    ----------
    parts : sequence of BlockGraph
        What the blocks own that have cells in the box, in any order.
    box : Box
        Cells of the lattice.
    lattice : Lattice
    recipe : Recipe
        What the parts were made by.
    """
    # the cuts have no name: nothing holds them once they are merged
    return merge([_within(part, box, lattice) for part in parts], recipe.node_columns, recipe.edge_columns)


def seeded_in(ids: NDArray[np.unsignedinteger[Any]], box: Box, lattice: Lattice) -> NDArray[np.bool_]:
    """Return which superpixels are seeded in a box of cells."""
    cells = lattice.cells_of(ids)
    inside: NDArray[np.bool_] = np.logical_and.reduce((cells >= box.start) & (cells < box.stop), axis=-1)
    return inside


def _within(part: BlockGraph, box: Box, lattice: Lattice) -> BlockGraph:
    """Return the nodes that are seeded in a box of cells and the edges that they own."""
    nodes, edges = seeded_in(part.ids, box, lattice), seeded_in(part.edges[0], box, lattice)
    return BlockGraph(
        part.ids[nodes],
        part.positions[nodes],
        part.areas[nodes],
        part.node_features[nodes],
        part.edges[:, edges],
        part.edge_features[edges],
    )
