"""A new result: the directory, the arrays and the metadata, empty, and all of it at once."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from terrazzo.blocks import BlockGrid
from terrazzo.errors import InputError
from terrazzo.io.leftovers import half_made, remove_half_made, replaced
from terrazzo.io.ngff import single_level
from terrazzo.io.result import DONE, PASSES, RUN, TABLES, Result, write_run
from terrazzo.version import __version__

SPATIAL_AXES = {2: "yx", 3: "zyx"}


def create_result(
    path: str | Path,
    grid: BlockGrid,
    *,
    node_columns: tuple[str, ...],
    edge_columns: tuple[str, ...],
    class_names: tuple[str, ...],
    colours: tuple[str, ...],
    pixel_size: tuple[float, ...] | None,
    pixel_unit: str | None = None,
    made_from: dict[str, Any],
    overwrite: bool = False,
    passes: tuple[str, ...] = tuple(PASSES),
) -> Result:
    """Make the directory, the arrays and the metadata of a result, empty: without superpixels there are no tables.

    Raises
    ------
    InputError
        If the path exists and `overwrite` is false, exists and is no result, or cannot be written.
    ParameterError
        If `pixel_size` has not one entry per axis of the grid.
    """
    target = Path(path)
    axes = SPATIAL_AXES[len(grid.lattice.shape)]
    metadata = {
        name: _label_metadata(single_level(name, axes, pixel_size, pixel_unit), class_names, colours) for name in passes
    }
    check_writable(target, overwrite)
    run_id = uuid.uuid4().hex
    run = {
        "version": __version__,
        "id": run_id,
        "shape": grid.lattice.shape,
        "size": grid.lattice.size,
        "block_cells": grid.block_cells,
        "node_columns": node_columns,
        "edge_columns": edge_columns,
        "class_names": class_names,
        "passes": passes,
        "made_from": made_from,
        "finished": False,
    }
    try:
        # through links, which then lead to the new result
        target = target.resolve()
        remove_half_made(target)
        _write_empty(half_made(target), grid, run, metadata, axes)
        _put_in_place(target)
    except OSError as error:
        shutil.rmtree(half_made(target), ignore_errors=True)
        raise InputError(f"the result cannot be written to '{path}': {error}") from error
    return Result(str(target), grid, node_columns, edge_columns, run_id, passes)


def _write_empty(
    folder: Path, grid: BlockGrid, run: dict[str, Any], metadata: dict[str, dict[str, Any]], axes: str
) -> None:
    root = zarr.create_group(folder, zarr_format=3)
    labels = root.create_group("labels")
    labels.attrs["ome"] = {"version": "0.5", "labels": list(metadata)}
    for name in metadata:
        dtype = grid.lattice.dtype if name == "superpixels" else np.dtype(np.uint8)
        group = labels.create_group(name)
        group.attrs["ome"] = metadata[name]
        group.create_array("0", shape=grid.lattice.shape, chunks=grid.storage_chunk, dtype=dtype,
                           fill_value=0, dimension_names=list(axes))  # fmt: skip
        (folder / DONE / name).mkdir(parents=True)
    for table in TABLES if "superpixels" in metadata else ():
        (folder / table).mkdir()
    write_run(folder, run)


def _put_in_place(target: Path) -> None:
    """Move a new result to its place, in whose stead the one that was there is removed."""
    if target.exists():
        target.rename(replaced(target))
    half_made(target).rename(target)
    remove_half_made(target)


def check_writable(path: str | Path, overwrite: bool) -> None:
    """Raise an InputError if a result may not be written to `path`: something is there that must stay."""
    if not Path(path).exists():
        return
    if not overwrite:
        raise InputError(f"'{path}' exists; choose another path or add --overwrite")
    if not (Path(path) / RUN).is_file():
        raise InputError(f"'{path}' exists and is no result of terrazzo, so it is not overwritten; remove it first")


def _label_metadata(
    multiscale: dict[str, Any], class_names: tuple[str, ...], colours: tuple[str, ...]
) -> dict[str, Any]:
    """Return OME-NGFF 0.5 metadata of a label image with one level."""
    image_label: dict[str, Any] = {}
    if multiscale["name"] == "classes":
        image_label["colors"] = [
            {"label-value": value, "rgba": [*bytes.fromhex(colour.lstrip("#")), 255]}
            for value, colour in enumerate(colours)
        ]
        image_label["properties"] = [
            {"label-value": value, "class": class_name} for value, class_name in enumerate(class_names)
        ]
    return {"version": "0.5", "multiscales": [multiscale], "image-label": image_label}
