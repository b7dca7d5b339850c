"""What is the graph of an image's regions? Its nodes, its edges and what was measured on both."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from terrazzo.errors import ParameterError
from terrazzo.html import table
from terrazzo.regions.graphs.graph_conversions import GraphConversions
from terrazzo.wording import SPATIAL_AXES, counted, listed


@dataclass(frozen=True, eq=False)
class RegionGraph(GraphConversions):
    """The region adjacency graph of one image, in its canonical order.

    Nodes stand in the order of their ids, edges in the order of (low row, high row), and every undirected
    edge is listed once. Two graphs of the same image are therefore equal array by array, however they were
    computed.

    Parameters
    ----------
    ids : ndarray of uint32 or uint64, shape (N,)
        Region ids, ascending.
    positions : ndarray of float64, shape (N, 2), or (N, 3) for volumes
        Centroids (y, x) or (z, y, x) in pixels of the whole image.
    areas : ndarray of uint32, shape (N,)
        Pixels per region.
    node_features : ndarray of float32, shape (N, F)
    edge_index : ndarray of int64, shape (2, E)
        Rows into `ids`; ``edge_index[0] < edge_index[1]``.
    edge_features : ndarray of float32, shape (E, G)
    node_columns : tuple of str
        Names of the F node features.
    edge_columns : tuple of str
        Names of the G edge features.

    Raises
    ------
    ParameterError
        If a shape or dtype differs from the above, an edge names a row that does not exist, or nodes or
        edges are not in canonical order.
    """

    ids: NDArray[np.unsignedinteger[Any]]
    positions: NDArray[np.float64]
    areas: NDArray[np.uint32]
    node_features: NDArray[np.float32]
    edge_index: NDArray[np.int64]
    edge_features: NDArray[np.float32]
    node_columns: tuple[str, ...]
    edge_columns: tuple[str, ...]

    def __post_init__(self) -> None:
        _check_tables(self)
        _check_order(self)

    @property
    def number_of_nodes(self) -> int:
        """The number of nodes, N."""
        return len(self.ids)

    @property
    def number_of_edges(self) -> int:
        """The number of undirected edges, E."""
        return int(self.edge_index.shape[1])

    def ring(self, nodes: ArrayLike, hops: int) -> NDArray[np.int64]:
        """Rows of all nodes within `hops` edges of `nodes`.

        Parameters
        ----------
        nodes : array_like of int
            Rows to start from; they are part of the answer.
        hops : int
            Number of edges that may be walked, at least 0.

        Returns
        -------
        ndarray of int64
            Rows, ascending.

        Raises
        ------
        ParameterError
            If a row does not exist or `hops` is negative.
        """
        if hops < 0:
            raise ParameterError(f"hops is {hops}; a ring needs a number of edges of at least 0")
        reached = np.zeros(self.number_of_nodes, dtype=bool)
        reached[self._rows(nodes)] = True
        low, high = self.edge_index
        for _ in range(hops):
            upwards, downwards = high[reached[low]], low[reached[high]]
            reached[upwards] = True
            reached[downwards] = True
        return np.flatnonzero(reached)

    def subgraph(self, rows: ArrayLike) -> "RegionGraph":
        """The graph of some nodes and of the edges between them.

        Parameters
        ----------
        rows : array_like of int
            Rows to keep; their order and repetitions do not matter, the result is in canonical order.

        Returns
        -------
        RegionGraph

        Raises
        ------
        ParameterError
            If a row does not exist.
        """
        kept = np.unique(self._rows(rows))
        new_row = np.full(self.number_of_nodes, -1, dtype=np.int64)
        new_row[kept] = np.arange(len(kept))
        edge_index = new_row[self.edge_index]
        inside = (edge_index >= 0).all(axis=0)
        return RegionGraph(
            ids=self.ids[kept],
            positions=self.positions[kept],
            areas=self.areas[kept],
            node_features=self.node_features[kept],
            edge_index=edge_index[:, inside],
            edge_features=self.edge_features[inside],
            node_columns=self.node_columns,
            edge_columns=self.edge_columns,
        )

    def equals(self, other: "RegionGraph") -> bool:
        """Whether all arrays, their dtypes and the column names are the same, value for value."""
        return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    def __repr__(self) -> str:
        nodes, edges = counted(self.number_of_nodes, "node"), counted(self.number_of_edges, "edge")
        with_nodes, with_edges = (counted(len(c), "feature") for c in (self.node_columns, self.edge_columns))
        return f"<terrazzo.RegionGraph: {nodes} with {with_nodes}, {edges} with {with_edges}>"

    def _repr_html_(self) -> str:
        rows = {
            "Nodes": f"{self.number_of_nodes:,}, ids in {self.ids.dtype}",
            "Positions": f"({', '.join(SPATIAL_AXES[-self.positions.shape[1] :])})",
            "Edges": f"{self.number_of_edges:,}",
            "Node features": f"{len(self.node_columns)}: {listed(self.node_columns)}",
            "Edge features": f"{len(self.edge_columns)}: {listed(self.edge_columns)}",
        }
        return table("terrazzo.RegionGraph", rows)

    def _rows(self, rows: ArrayLike) -> NDArray[np.int64]:
        asked = np.asarray(rows)
        if asked.size and not np.issubdtype(asked.dtype, np.integer):
            raise ParameterError(f"rows of a graph are integers, not {asked.dtype}")
        if asked.size and (asked.min() < 0 or asked.max() >= self.number_of_nodes):
            raise ParameterError(
                f"rows from {asked.min()} to {asked.max()} were asked for; "
                f"this graph has the rows 0 to {self.number_of_nodes - 1}"
            )
        return asked.astype(np.int64).ravel()


def _check_tables(graph: RegionGraph) -> None:
    nodes, edges = len(graph.ids), graph.edge_index.shape[-1]
    for name, dtypes, shapes in (
        ("ids", ("uint32", "uint64"), [(nodes,)]),
        ("positions", ("float64",), [(nodes, 2), (nodes, 3)]),
        ("areas", ("uint32",), [(nodes,)]),
        ("node_features", ("float32",), [(nodes, len(graph.node_columns))]),
        ("edge_index", ("int64",), [(2, edges)]),
        ("edge_features", ("float32",), [(edges, len(graph.edge_columns))]),
    ):
        array = getattr(graph, name)
        if array.dtype.name not in dtypes or array.shape not in shapes:
            raise ParameterError(
                f"{name} of a region graph is {array.dtype} of shape {array.shape}; with {nodes} ids, "
                f"{edges} edges and these columns it must be {' or '.join(dtypes)} of shape "
                f"{' or '.join(map(str, shapes))}"
            )


def _check_order(graph: RegionGraph) -> None:
    if np.any(graph.ids[1:] <= graph.ids[:-1]):
        raise ParameterError("ids of a region graph are not strictly ascending; sort the nodes by id first")
    if graph.number_of_edges == 0:
        return
    low, high = graph.edge_index
    if low.min() < 0 or high.max() >= graph.number_of_nodes or np.any(low >= high):
        raise ParameterError(
            f"edge_index must hold rows 0 <= low < high < {graph.number_of_nodes}; it spans {low.min()} to "
            f"{high.max()} and {np.count_nonzero(low >= high)} edges do not name the lower row first"
        )
    ascending = (low[1:] > low[:-1]) | ((low[1:] == low[:-1]) & (high[1:] > high[:-1]))
    if not ascending.all():
        raise ParameterError(
            "edges of a region graph are not ordered by (low, high), each once; sort and deduplicate them"
        )


def _same(mine: Any, theirs: Any) -> bool:
    if not isinstance(mine, np.ndarray):
        return bool(mine == theirs)
    return mine.dtype == theirs.dtype and np.array_equal(mine, theirs, equal_nan=True)
