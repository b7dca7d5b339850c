"""Annotated graphs on disk, in parts that are read one at a time: what training streams from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.results.tables import column_of, edge_table, matrix_of, node_table, read_block_graph, write_part
from terrazzo.regions.graphs.block_graph import BlockGraph

# The annotated pixels of each class under a node.
ANNOTATED = "annotated"


@dataclass(frozen=True)
class GraphParts:
    """A folder of parts, each with a name; small to send.

    Parameters
    ----------
    path : str
        The folder.
    node_columns, edge_columns : tuple of str
        The names of the features.
    """

    path: str
    node_columns: tuple[str, ...]
    edge_columns: tuple[str, ...]

    def make(self) -> None:
        """Make the folder.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        try:
            for table in ("nodes", "edges"):
                (Path(self.path) / table).mkdir(parents=True)
        except OSError as error:
            raise InputError(f"graphs cannot be written to '{self.path}': {error}") from error

    def write(self, name: str, graph: BlockGraph, counts: NDArray[np.uint32]) -> None:
        """Write nodes, edges and the annotated pixels of each class under each node, (N, C)."""
        nodes = node_table(graph, self.node_columns).append_column(ANNOTATED, column_of(counts))
        write_part(nodes, self._file("nodes", name))
        write_part(edge_table(graph, self.edge_columns), self._file("edges", name))

    def read(self, name: str) -> tuple[BlockGraph, NDArray[np.uint32]]:
        """Read what was written under a name."""
        nodes = self._file("nodes", name)
        with pq.ParquetFile(nodes) as file:
            counts: NDArray[np.uint32] = matrix_of(file.read(columns=[ANNOTATED])[ANNOTATED])
        return read_block_graph(nodes, self._file("edges", name)), counts

    def _file(self, table: str, name: str) -> Path:
        return Path(self.path) / table / f"{name}.parquet"
