"""The global graph is what the blocks own, put together in the canonical order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.lattice import Lattice
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph


def merge(parts: Sequence[BlockGraph], node_columns: tuple[str, ...], edge_columns: tuple[str, ...]) -> RegionGraph:
    """Return the graph of all parts: nodes by id, edges by (low, high).

    An edge to a region that no part owns is left out, so that the parts of a few blocks are a graph as well.

    Parameters
    ----------
    parts : sequence of BlockGraph
        What each block owns, in any order.
    node_columns, edge_columns : tuple of str
        The names of the features.
    """
    ids = np.concatenate([part.ids for part in parts])
    order = np.argsort(ids)
    ids = ids[order]
    edges = np.concatenate([part.edges for part in parts], axis=1)
    present = np.isin(edges[1], ids)
    edges = edges[:, present]
    ranks = np.lexsort((edges[1], edges[0]))
    return RegionGraph(
        ids,
        np.concatenate([part.positions for part in parts])[order],
        np.concatenate([part.areas for part in parts])[order],
        np.concatenate([part.node_features for part in parts])[order],
        np.searchsorted(ids, edges[:, ranks]).astype(np.int64),
        np.concatenate([part.edge_features for part in parts])[present][ranks],
        node_columns,
        edge_columns,
    )


def merge_targets(parts: Sequence[BlockGraph], counts: Sequence[NDArray[np.uint32]]) -> NDArray[np.uint32]:
    """Return the parts' class counts (N, C) in the order of the merged graph's nodes."""
    ids: NDArray[Any] = np.concatenate([part.ids for part in parts])
    merged: NDArray[np.uint32] = np.concatenate(list(counts))[np.argsort(ids)]
    return merged


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
    return merge([rows_within(part, box, lattice) for part in parts], recipe.node_columns, recipe.edge_columns)


def seeded_in(ids: NDArray[np.unsignedinteger[Any]], box: Box, lattice: Lattice) -> NDArray[np.bool_]:
    """Return which superpixels are seeded in a box of cells."""
    cells = lattice.cells_of(ids)
    inside: NDArray[np.bool_] = np.logical_and.reduce((cells >= box.start) & (cells < box.stop), axis=-1)
    return inside


def rows_within(part: BlockGraph, box: Box, lattice: Lattice) -> BlockGraph:
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
