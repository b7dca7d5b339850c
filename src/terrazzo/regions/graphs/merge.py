"""The global graph is what the blocks own, put together in the canonical order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.regions.graphs.block_graph import BlockGraph
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
