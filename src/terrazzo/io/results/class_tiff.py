"""The classes of a result as a tiled OME-TIFF with coarser levels, written tile by tile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
import zarr
from numpy.typing import NDArray

from terrazzo.arguments import A_RESULT, require
from terrazzo.errors import InputError
from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.output_path import check_ending, check_file_free
from terrazzo.io.results.result import CLASSES, Result
from terrazzo.io.whole_file import replaced_when_whole
from terrazzo.palette import class_colours
from terrazzo.pixel_size import MICROMETRE
from terrazzo.progress import Step, shows_progress, tell
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

TILE = 512
COMPRESSION = "zlib"
# as OME-XML writes the units that files of images name
UNITS = {MICROMETRE: "µm", "nanometer": "nm", "millimeter": "mm"}


@shows_progress
def write_tiff(result: Result, path: str | Path, *, coloured: bool = False, overwrite: bool = False) -> None:
    """Write the classes of a result as OME-TIFF: tiled, compressed, with the coarser levels that the result has.

    One tile at a time is in memory.

    Parameters
    ----------
    result : Result
        A finished result; of a volume each section is a page.
    path : path
        The file, such as classes.ome.tif.
    coloured : bool
        Write red, green and blue in place of the class with a palette. What has no class is black.
    overwrite : bool
        Replace a file that is there.

    Raises
    ------
    InputError
        If the result is not finished, or the file exists, has the ending of another format, is inside the result or
        cannot be written.
    """
    require(result, Result, *A_RESULT)
    check_ending(path, "tiff")
    target = Path(path)
    result.check_finished()
    check_file_free(target, overwrite, result.path)
    try:
        with replaced_when_whole(target) as partial, tifffile.TiffWriter(partial, bigtiff=True, ome=True) as file:
            _write_levels(file, result, target.name, coloured)
    except OSError as error:
        raise InputError(f"'{path}' cannot be written: {error.strerror or error}; choose another path") from error


def _write_levels(file: tifffile.TiffWriter, result: Result, name: str, coloured: bool) -> None:
    run = result.run
    colours = class_colours(len(run["class_names"]), run["made_from"].get("colours", ()))
    levels, table = _levels(result), _table(colours)
    tiles = _Tiles(levels, table if coloured else None)
    kind: dict[str, Any] = {"photometric": "rgb"} if coloured else {"photometric": "palette", "colormap": _map(table)}
    common = {"dtype": np.uint8, "tile": (TILE, TILE), "compression": COMPRESSION, "maxworkers": 1, **kind}
    metadata = _metadata(result, name, run["class_names"], coloured)
    for number, array in enumerate(levels):
        first = {"subifds": len(levels) - 1, "metadata": metadata}
        told = {"subfiletype": 1, "metadata": None} if number else first
        shape = (*array.shape, 3) if coloured else array.shape
        file.write(tiles.of(array), shape=shape, **common, **told)


def _levels(result: Result) -> list[zarr.Array[Any]]:
    """Return the levels with all sections: pages of a TIFF have no coarser sections."""
    factors = result.pyramid.factors
    kept = [number for number, steps in enumerate(factors) if set(steps[:-2]) <= {1}]
    with reported_as_input_error(result.path, "read"):
        return [zarr.open_array(f"{result.path}/{CLASSES}/{number}", mode="r") for number in kept]


def _metadata(result: Result, name: str, class_names: list[str], coloured: bool) -> dict[str, Any]:
    size, unit = result.pixel_size
    axes = "ZYX"[-len(result.grid.lattice.shape) :]
    known = size is not None and unit in UNITS
    sizes = {f"PhysicalSize{a}": length for a, length in zip(axes, size or (), strict=bool(size))} if known else {}
    units = {f"PhysicalSize{axis}Unit": UNITS[unit] for axis in axes} if known and unit is not None else {}
    classes = {str(value): word for value, word in enumerate(class_names)}
    return {"axes": axes + "S" * coloured, "Name": name, **sizes, **units, "MapAnnotation": classes}


def _table(colours: list[str]) -> NDArray[np.uint8]:
    """Return red, green and blue of each value; black of what has no class."""
    table = np.zeros((NOT_ANNOTATED + 1, 3), np.uint8)
    table[: len(colours)] = [list(bytes.fromhex(colour.lstrip("#"))) for colour in colours]
    return table


def _map(table: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return a table of colours as TIFF has it: 16 bits, in which 255 is 65535."""
    colour_map: NDArray[np.uint16] = (table.T.astype(np.uint16)) * 257
    return colour_map


class _Tiles:
    """The tiles of one level after the other, in the order of the file; tells how far it is."""

    def __init__(self, levels: list[zarr.Array[Any]], table: NDArray[np.uint8] | None) -> None:
        self.table, self.written, self.pixels = table, 0, 0
        self.total = sum(sum(1 for _ in _windows(array.shape)) for array in levels)
        tell(Step("tiles", 0, self.total))

    def of(self, array: zarr.Array[Any]) -> Iterator[NDArray[np.uint8]]:
        for window in _windows(array.shape):
            values = np.asarray(array[window])
            self.written, self.pixels = self.written + 1, self.pixels + values.size
            yield values if self.table is None else self.table[values]
            tell(Step("tiles", self.written, self.total, self.pixels))


def _windows(shape: tuple[int, ...]) -> Iterator[tuple[int | slice, ...]]:
    """Yield the windows of the tiles of an array, section by section and row by row."""
    *sections, rows, columns = shape
    for section in range(sections[0] if sections else 1):
        for y in range(0, rows, TILE):
            for x in range(0, columns, TILE):
                yield (*(section for _ in sections), slice(y, y + TILE), slice(x, x + TILE))
