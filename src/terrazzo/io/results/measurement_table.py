"""What is measured of regions or classes as a table, CSV or Parquet, written batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from terrazzo.errors import InputError
from terrazzo.io.whole_file import replaced_when_whole
from terrazzo.regions.connected.regions import Regions


@dataclass(frozen=True)
class Measured:
    """What the columns of a table are called and in which units.

    Parameters
    ----------
    class_names : sequence of str
        In the order of the values.
    channels : sequence of str
        Of the image; none, if intensities are not measured.
    axes : str
        "yx" or "zyx".
    pixel_size : tuple of float or None
        Along these axes, in `pixel_unit`.
    pixel_unit : str or None
    per_region : bool
        Whether a row is a region, with its number and its centroid; else it is a class.
    """

    class_names: Sequence[str]
    channels: Sequence[str]
    axes: str
    pixel_size: tuple[float, ...] | None
    pixel_unit: str | None
    per_region: bool

    def table(self, regions: Regions, first: int) -> pa.Table:
        """Return the rows of some regions; the first has this number."""
        means = regions.intensities / regions.areas[:, None]
        columns: dict[str, Any] = {}
        if self.per_region:
            columns["region"] = pa.array(range(first, first + len(regions)), pa.int64())
        columns["class"] = pa.array([self.class_names[value] for value in regions.classes], pa.string())
        columns["area"] = pa.array(regions.areas)
        if self.pixel_size is not None:
            one = 1.0
            for length in self.pixel_size:
                one *= length
            what = "volume" if len(self.axes) == 3 else "area"
            columns[f"{what}_{self.pixel_unit}{len(self.axes)}"] = pa.array(regions.areas * one)
        if self.per_region:
            for axis, sums in zip(self.axes, regions.positions.T, strict=True):
                columns[axis] = pa.array(sums / regions.areas)
        for name, values in zip(self.channels, means.T, strict=bool(self.channels)):
            columns[f"mean_{name}"] = pa.array(values)
        return pa.table(columns)


class TableWriter:
    """Writes tables of one schema into a file, one after the other."""

    def __init__(self, path: Path, schema: pa.Schema, parquet: bool) -> None:
        self.writer = pq.ParquetWriter(path, schema) if parquet else pc.CSVWriter(path, schema)
        self.rows = 0

    def write(self, table: pa.Table) -> None:
        """Write the rows of a table."""
        if table.num_rows:
            self.writer.write_table(table)
            self.rows += table.num_rows


@contextmanager
def table_file(path: Path, schema: pa.Schema) -> Iterator[TableWriter]:
    """Open a CSV or Parquet file, by its ending, to write tables into; it is there once it is whole.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    try:
        with replaced_when_whole(path) as partial:
            writer = TableWriter(partial, schema, path.suffix.lower() == ".parquet")
            try:
                yield writer
            finally:
                writer.writer.close()
    except OSError as error:
        raise InputError(f"'{path}' cannot be written: {error.strerror or error}; choose another path") from error
