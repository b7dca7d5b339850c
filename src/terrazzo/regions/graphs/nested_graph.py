"""A graph whose nodes have graphs inside: nodes with neighbours, and in each region a graph of their channels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.regions.graphs.channel_graph import ChannelGraph, channel_graph


@dataclass(frozen=True, eq=False)
class NestedGraph:
    """Nodes with the values of their channels, their neighbours, and the graph of channels of each region.

    Parameters
    ----------
    values : ndarray of float32, shape (N, G)
        Scaled and finite.
    edge_index : ndarray of int64, shape (2, E)
        Neighbours, each pair once.
    regions : ndarray of int64, shape (N,)
        The region that each node is in.
    inner : tuple of ChannelGraph
        The graph of each region.
    """

    values: NDArray[np.float32]
    edge_index: NDArray[np.int64]
    regions: NDArray[np.int64]
    inner: tuple[ChannelGraph, ...]

    @classmethod
    def of(
        cls,
        values: NDArray[np.float32],
        edge_index: NDArray[np.int64],
        regions: NDArray[np.int64],
        entries: float,
        centred: bool = False,
    ) -> NestedGraph:
        """Return nodes with the graphs of their regions; see `channel_graph`.

        Centred, channels are taken relative to their mean in the region before its main components are looked for:
        where means are large these would show nothing else.
        """
        order = np.argsort(regions, kind="stable")
        ends = np.searchsorted(regions[order], np.arange(int(regions.max(initial=-1)) + 2))
        rows = (order[a:b] for a, b in itertools.pairwise(ends))
        tables = (values[each] - centred * values[each].mean(axis=0, dtype=np.float64) for each in rows)
        return cls(values, edge_index, regions, tuple(channel_graph(table, entries) for table in tables))

    @classmethod
    def joined(cls, graphs: Sequence[NestedGraph]) -> NestedGraph:
        """Return graphs side by side as one."""
        nodes = np.cumsum([0, *(len(graph.values) for graph in graphs)])
        regions = np.cumsum([0, *(len(graph.inner) for graph in graphs)])
        return cls(
            np.concatenate([graph.values for graph in graphs]),
            np.concatenate([graph.edge_index + first for graph, first in zip(graphs, nodes, strict=False)], axis=1),
            np.concatenate([graph.regions + first for graph, first in zip(graphs, regions, strict=False)]),
            tuple(inner for graph in graphs for inner in graph.inner),
        )

    def within(self, chosen: NDArray[np.int64]) -> NestedGraph:
        """Return the nodes of some regions, which keep their order, and the edges between them."""
        new_region = np.full(len(self.inner), -1, np.int64)
        new_region[chosen] = np.arange(len(chosen))
        regions = new_region[self.regions]
        kept = regions >= 0
        new_row = np.cumsum(kept) - 1
        edges = self.edge_index[:, kept[self.edge_index].all(axis=0)]
        inner = tuple(self.inner[region] for region in chosen)
        return NestedGraph(self.values[kept], new_row[edges], regions[kept], inner)
