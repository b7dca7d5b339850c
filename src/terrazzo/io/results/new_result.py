"""A new result: the directory, the arrays and the metadata, empty, and all of it at once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.core.buffer import Buffer
from zarr.storage import MemoryStore

from terrazzo.blocks import BlockGrid
from terrazzo.errors import InputError
from terrazzo.io.images.image import Image
from terrazzo.io.levels.level_arrays import SPATIAL_AXES
from terrazzo.io.ngff import VERSION, class_image, multiscale, probability_image, superpixel_image
from terrazzo.io.output_path import check_absent
from terrazzo.io.results.leftovers import made_whole
from terrazzo.io.results.result import (
    CLASSES,
    DONE,
    GIVES,
    LEVELS,
    PROBABILITIES,
    ROWS,
    RUN,
    SUPERPIXELS,
    TABLES,
    Result,
)
from terrazzo.io.results.result_writer import write_run
from terrazzo.models.fitted_model import FittedModel
from terrazzo.models.passes.declared import Pass
from terrazzo.version import __version__


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
    probabilities: bool = False,
    overwrite: bool = False,
    passes: Mapping[str, tuple[str, ...]] = GIVES,
    notes: Sequence[str] = (),
) -> Result:
    """Make the directory, the arrays and the metadata of a result, empty: where no pass gives rows there are no tables.

    `passes` says what each pass over the blocks gives, by its name; `notes` are sentences that warn of the result.

    Raises
    ------
    InputError
        If the path exists and `overwrite` is false, exists and is no result, or cannot be written.
    ParameterError
        If `pixel_size` has not one entry per axis of the grid.
    """
    # through links, which then lead to the new result
    target = Path(path).resolve()
    planes = len(class_names) if probabilities else 0
    result = Result(str(target), grid, node_columns, edge_columns, uuid.uuid4().hex, planes, *_named(passes))
    metadata = _metadata(result, class_names, colours, pixel_size, pixel_unit)
    check_writable(path, overwrite)
    run = {
        "version": __version__,
        "id": result.run_id,
        "shape": grid.lattice.shape,
        "size": grid.lattice.size,
        "block_cells": grid.block_cells,
        "node_columns": node_columns,
        "edge_columns": edge_columns,
        "class_names": class_names,
        "probabilities": planes,
        "passes": result.passes,
        "gives": result.gives,
        "made_from": made_from,
        "finished": False,
        "notes": list(notes),
    }
    try:
        with made_whole(target, replacing=overwrite) as folder:
            _write_empty(folder, result, run, metadata)
    except OSError as error:
        raise InputError(f"the result cannot be written to '{path}': {error}") from error
    return result


def create_result_of(
    model: FittedModel,
    passes: Iterable[Pass],
    path: str | Path,
    grid: BlockGrid,
    *,
    image: Image | None = None,
    made_from: dict[str, Any],
    probabilities: bool = False,
    overwrite: bool = False,
    notes: Sequence[str] = (),
) -> Result:
    """Make a result, empty, for what the passes of a model give of an image; see `create_result`."""
    return create_result(
        path,
        grid,
        node_columns=model.node_columns,
        edge_columns=model.edge_columns,
        class_names=model.class_names,
        colours=model.colours,
        pixel_size=None if image is None else image.pixel_size,
        pixel_unit=None if image is None else image.pixel_unit,
        made_from=made_from,
        probabilities=probabilities,
        overwrite=overwrite,
        passes={one.name: one.gives for one in passes},
        notes=notes,
    )


def _named(passes: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    return tuple(passes), tuple(map(tuple, passes.values()))


def check_writable(path: str | Path, overwrite: bool) -> None:
    """Raise an InputError if a result may not be written to `path`: something is there that must stay."""
    check_absent(path, overwrite)
    if Path(path).exists() and not (Path(path) / RUN).is_file():
        raise InputError(f"'{path}' exists and is no result of terrazzo, so it is not overwritten; remove it first")


def _write_empty(folder: Path, result: Result, run: dict[str, Any], metadata: dict[str, dict[str, Any]]) -> None:
    for name, content in _empty_store(replace(result, path="", run_id=""), json.dumps(metadata)).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    for name in (*result.passes, LEVELS):
        (folder / DONE / name).mkdir(parents=True)
    for table in (*TABLES, ROWS) if result.has_superpixels else ():
        (folder / table).mkdir()
    write_run(folder, run)


@lru_cache(maxsize=8)
def _empty_store(result: Result, metadata: str) -> dict[str, bytes]:
    """Return the files of the groups and empty arrays of a result by name: many images have the same."""
    files: dict[str, Buffer] = {}
    attributes = json.loads(metadata)
    root = zarr.create_group(MemoryStore(files), zarr_format=3, attributes={"ome": attributes[""]})
    root.create_group("labels", attributes={"ome": attributes["labels"]})
    of_pixels = {SUPERPIXELS: result.grid.lattice.dtype}
    for key in result.images:
        group = root.create_group(key, attributes={"ome": attributes[key]})
        result.arrays(key).create(group, of_pixels.get(key, np.dtype(np.uint8)))
    return {name: content.to_bytes() for name, content in files.items()}


def _metadata(
    result: Result,
    class_names: tuple[str, ...],
    colours: tuple[str, ...],
    pixel_size: tuple[float, ...] | None,
    pixel_unit: str | None,
) -> dict[str, dict[str, Any]]:
    """Return what each group says of itself; the result as a whole is its probabilities, or else its classes.

    Where it holds superpixels alone it is these.
    """
    axes, factors = SPATIAL_AXES[len(result.grid.lattice.shape)], result.pyramid.factors

    def entry(key: str, folder: str = "") -> dict[str, Any]:
        arrays = {f"{folder}{level}": steps for level, steps in enumerate(factors)}
        letters = f"c{axes}" if key == PROBABILITIES else axes
        return multiscale(Path(key).name, letters, pixel_size, pixel_unit, arrays)

    whole = CLASSES if CLASSES in result.images else SUPERPIXELS
    found: dict[str, dict[str, Any]] = {
        "": {"version": VERSION, "multiscales": [entry(whole, f"{whole}/")]},
        "labels": {"version": VERSION, "labels": [Path(key).name for key in result.images if key != PROBABILITIES]},
        SUPERPIXELS: superpixel_image(entry(SUPERPIXELS)),
        CLASSES: class_image(entry(CLASSES), class_names, colours),
    }
    if result.probabilities:
        for group, folder in (("", f"{PROBABILITIES}/"), (PROBABILITIES, "")):
            found[group] = probability_image(entry(PROBABILITIES, folder), class_names, colours)
    return found
