"""Node and edge tables: one Parquet part per block, read by pandas, polars, Dask and DuckDB."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from terrazzo.regions.graphs.block_graph import BlockGraph


def write_part(table: pa.Table, path: Path) -> None:
    """Write a table whole or not at all: under another name first, its own even where two write the same part."""
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    # hardly two features are equal: dictionaries of them take memory and time and make the file larger
    pq.write_table(table, partial, use_dictionary=False)
    partial.replace(path)


def node_table(
    graph: BlockGraph,
    columns: tuple[str, ...],
    probabilities: NDArray[np.float32] | None = None,
    embeddings: NDArray[np.float32] | None = None,
) -> pa.Table:
    """Return a block's nodes: id, y, x, area, features and, if known, class, probabilities and embedding.

    Of a volume z comes before y.
    """
    arrays: dict[str, Any] = {
        "id": graph.ids,
        **dict(zip("zyx"[-graph.positions.shape[1] :], graph.positions.T, strict=True)),
        "area": graph.areas,
        "features": column_of(graph.node_features),
    }
    if probabilities is not None:
        arrays["class"] = probabilities.argmax(axis=1).astype(np.uint8)
        arrays["probabilities"] = column_of(probabilities)
    if embeddings is not None:
        arrays["embedding"] = column_of(embeddings)
    return pa.table(arrays).replace_schema_metadata({"features": json.dumps(columns)})


def edge_table(graph: BlockGraph, columns: tuple[str, ...]) -> pa.Table:
    """Return a block's edges: the ids low and high, and features."""
    arrays = {"low": graph.edges[0], "high": graph.edges[1], "features": column_of(graph.edge_features)}
    return pa.table(arrays).replace_schema_metadata({"features": json.dumps(columns)})


def read_block_graph(nodes: Path, edges: Path) -> BlockGraph:
    """Read what a block owns from its node and edge parts."""
    # a third of the time of read_table, which looks for a data set first
    with pq.ParquetFile(nodes) as file:
        axes = [axis for axis in "zyx" if axis in file.schema_arrow.names]
        node = file.read(columns=["id", *axes, "area", "features"])
    with pq.ParquetFile(edges) as file:
        edge = file.read()
    return BlockGraph(
        node["id"].to_numpy(),
        np.stack([node[axis].to_numpy() for axis in axes], axis=1),
        node["area"].to_numpy(),
        matrix_of(node["features"]),
        np.stack([edge["low"].to_numpy(), edge["high"].to_numpy()]),
        matrix_of(edge["features"]),
    )


def read_probabilities(nodes: Path) -> tuple[NDArray[np.unsignedinteger[Any]], NDArray[np.float32]]:
    """Read the ids that a block owns, and the probability of each class, shape (N, C)."""
    with pq.ParquetFile(nodes) as file:
        found = file.read(columns=["id", "probabilities"])
    return found["id"].to_numpy(), matrix_of(found["probabilities"])


def column_of(matrix: NDArray[Any]) -> pa.FixedSizeListArray:
    """Return a matrix as one column of fixed-size lists."""
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])


def matrix_of(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return a column of fixed-size lists as a matrix."""
    rows = column.combine_chunks()
    width = column.type.list_size
    values: NDArray[Any] = rows.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
    return values


# Lists on disk, and what their columns are called: features have names of their own.
LISTS = {"features": "feature", "probabilities": "probability", "embedding": "embedding"}


def node_frame(parts: Sequence[Path], class_names: Sequence[str]) -> Any:
    """Return the nodes of some parts as a Dask DataFrame; only the first part's schema is read.

    Parameters
    ----------
    parts : sequence of path
        Parquet files that `node_table` made, at least one.
    class_names : sequence of str
        What the columns of probabilities are named after.
    """
    return _frame(parts, {"probabilities": tuple(class_names)})


def edge_frame(parts: Sequence[Path]) -> Any:
    """Return the edges of some parts as a Dask DataFrame; only the first part's schema is read."""
    return _frame(parts, {})


def _frame(parts: Sequence[Path], names: dict[str, tuple[str, ...]]) -> Any:
    # pandas comes with it: half a second that only this needs
    import dask.dataframe as dd

    schema = pq.read_schema(parts[0])
    names = {"features": tuple(json.loads(schema.metadata[b"features"])), **names}
    if "embedding" in schema.names:
        names["embedding"] = tuple(map(str, range(schema.field("embedding").type.list_size)))
    return dd.from_map(_pandas, list(parts), names=names, meta=_named(schema.empty_table(), names).to_pandas())


def _pandas(part: Path, names: dict[str, tuple[str, ...]]) -> Any:
    return _named(pq.read_table(part), names).to_pandas()


def _named(table: pa.Table, names: dict[str, tuple[str, ...]]) -> pa.Table:
    """Return a table with each list in as many columns as it has entries, in its place."""
    columns: dict[str, Any] = {}
    for field in table.schema:
        if field.name not in LISTS:
            columns[field.name] = table[field.name]
            continue
        width = field.type.list_size
        rows = table[field.name].combine_chunks().flatten().to_numpy().reshape(-1, width)
        for name, values in zip(names[field.name], np.ascontiguousarray(rows.T), strict=True):
            taken = field.name != "features" or name in table.schema.names
            columns[f"{LISTS[field.name]}_{name}" if taken else name] = values
    return pa.table(columns)
