"""The tables of a result as Dask DataFrames: one partition per block, one named column per number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# Lists on disk, and what their columns are called: features have names of their own.
LISTS = {"features": "feature", "probabilities": "probability"}


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
