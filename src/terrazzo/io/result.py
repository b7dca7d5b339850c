"""A result on disk: one Zarr group with label images, and Parquet tables beside them."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid
from terrazzo.errors import InputError
from terrazzo.io.frames import edge_frame, node_frame
from terrazzo.io.ngff import single_level
from terrazzo.io.tables import edge_table, node_table, read_block_graph, write_part
from terrazzo.lattice import Lattice
from terrazzo.regions.block_graph import BlockGraph
from terrazzo.regions.merge import merge
from terrazzo.regions.region_graph import RegionGraph
from terrazzo.version import __version__

SUPERPIXELS, CLASSES = "labels/superpixels/0", "labels/classes/0"
RUN = "run.json"
SPATIAL_AXES = {2: "yx", 3: "zyx"}


@dataclass(frozen=True)
class Result:
    """A handle on a result: small to send, opened where it is read or written.

    Parameters
    ----------
    path : str
        The directory.
    grid : BlockGrid
        The blocks that it is written in.
    node_columns, edge_columns : tuple of str
        The names of the features in the tables.
    """

    path: str
    grid: BlockGrid
    node_columns: tuple[str, ...]
    edge_columns: tuple[str, ...]

    def write_segments(self, block: Block, ids: NDArray[np.unsignedinteger[Any]], graph: BlockGraph) -> None:
        """Write the superpixel ids of a block's core and what the block owns."""
        self._array(SUPERPIXELS, "r+")[block.core.slices] = ids
        write_part(node_table(graph, self.node_columns), self._part("nodes", block))
        write_part(edge_table(graph, self.edge_columns), self._part("edges", block))

    def write_classes(
        self, block: Block, classes: NDArray[np.uint8], graph: BlockGraph, probabilities: NDArray[np.float32]
    ) -> None:
        """Write the classes of a block's core, and its nodes with their class and probabilities."""
        self._array(CLASSES, "r+")[block.core.slices] = classes
        write_part(node_table(graph, self.node_columns, probabilities), self._part("nodes", block))

    def read_graph(self, block: Block) -> BlockGraph:
        """Read the nodes and edges that a block owns."""
        return read_block_graph(self._part("nodes", block), self._part("edges", block))

    def read_superpixels(self, window: tuple[slice, ...]) -> NDArray[np.unsignedinteger[Any]]:
        """Read the superpixel ids of a window, (y, x) or (z, y, x)."""
        return np.asarray(self._array(SUPERPIXELS, "r")[window])

    def read_classes(self, window: tuple[slice, ...]) -> NDArray[np.uint8]:
        """Read the classes of a window, (y, x) or (z, y, x)."""
        return np.asarray(self._array(CLASSES, "r")[window])

    @property
    def nodes(self) -> Any:
        """The nodes of a finished result as a Dask DataFrame, one partition per block; nothing is read yet.

        Columns are `id`, `y`, `x` (of a volume `z`, `y`, `x`), `area`, the features under their own names, `class`
        and `probability_NAME` of each class. A feature whose name is taken stands there as `feature_NAME`.

        Raises
        ------
        InputError
            If the result is not finished.
        """
        return node_frame(self._parts("nodes"), self.run["class_names"])

    @property
    def edges(self) -> Any:
        """The edges of a finished result as a Dask DataFrame: `low`, `high` and the features; see `nodes`."""
        return edge_frame(self._parts("edges"))

    def graph(self) -> RegionGraph:
        """Return the whole graph as a value in memory, the same as `region_graph` computes.

        Raises
        ------
        InputError
            If the result is not finished.
        """
        self._check_finished()
        return merge([self.read_graph(block) for block in self.grid], self.node_columns, self.edge_columns)

    @property
    def run(self) -> dict[str, Any]:
        """What the result was made from, and whether it is finished."""
        run: dict[str, Any] = json.loads((Path(self.path) / RUN).read_text())
        return run

    def finish(self, figures: dict[str, Any]) -> None:
        """Note that every block is written, with figures about the run."""
        _write_run(Path(self.path), self.run | {"finished": True, "figures": figures})

    def _array(self, key: str, mode: Any) -> zarr.Array[Any]:
        return zarr.open_array(self.path, path=key, mode=mode)

    def _parts(self, table: str) -> list[Path]:
        self._check_finished()
        return [self._part(table, block) for block in self.grid]

    def _check_finished(self) -> None:
        if not self.run["finished"]:
            raise InputError(f"'{self.path}' is not finished; run terrazzo predict again with --overwrite")

    def _part(self, table: str, block: Block) -> Path:
        return Path(self.path) / table / f"{'-'.join(map(str, block.index))}.parquet"


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
) -> Result:
    """Make the directory, the arrays and the metadata of a result, empty.

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
        name: _label_metadata(single_level(name, axes, pixel_size, pixel_unit), class_names, colours)
        for name in ("superpixels", "classes")
    }
    check_writable(target, overwrite)
    run = {
        "version": __version__,
        "shape": grid.lattice.shape,
        "size": grid.lattice.size,
        "block_cells": grid.block_cells,
        "node_columns": node_columns,
        "edge_columns": edge_columns,
        "class_names": class_names,
        "made_from": made_from,
        "finished": False,
    }
    if target.exists():
        shutil.rmtree(target)
    try:
        root = zarr.create_group(target, zarr_format=3)
        # first, so that what a killed run leaves is known as ours
        _write_run(target, run)
        labels = root.create_group("labels")
        labels.attrs["ome"] = {"version": "0.5", "labels": ["superpixels", "classes"]}
        for name, dtype in (("superpixels", grid.lattice.dtype), ("classes", np.dtype(np.uint8))):
            group = labels.create_group(name)
            group.attrs["ome"] = metadata[name]
            group.create_array("0", shape=grid.lattice.shape, chunks=grid.storage_chunk, dtype=dtype,
                               fill_value=0, dimension_names=list(axes))  # fmt: skip
        for table in ("nodes", "edges"):
            (target / table).mkdir()
    except OSError as error:
        raise InputError(f"the result cannot be written to '{target}': {error}") from error
    return Result(str(target.resolve()), grid, node_columns, edge_columns)


def check_writable(path: str | Path, overwrite: bool) -> None:
    """Raise an InputError if a result may not be written to `path`: something is there that must stay."""
    if not Path(path).exists():
        return
    if not overwrite:
        raise InputError(f"'{path}' exists; choose another path or add --overwrite")
    if not (Path(path) / RUN).is_file():
        raise InputError(f"'{path}' exists and is no result of terrazzo, so it is not overwritten; remove it first")


def open_result(path: str | Path) -> Result:
    """Open a result that terrazzo wrote.

    Raises
    ------
    InputError
        If there is none, or it is damaged.
    """
    file = Path(path) / RUN
    if not file.is_file():
        raise InputError(f"'{path}' is no result of terrazzo (it holds no {RUN}); make one with terrazzo predict")
    try:
        run = json.loads(file.read_text())
        lattice = Lattice(tuple(run["shape"]), tuple(run["size"]))
        grid = BlockGrid(lattice, tuple(run["block_cells"]))
        for key in (SUPERPIXELS, CLASSES):
            zarr.open_array(path, path=key, mode="r")
        return Result(str(Path(path).resolve()), grid, tuple(run["node_columns"]), tuple(run["edge_columns"]))
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise InputError(f"'{file}' is damaged ({error!r}); run terrazzo predict again with --overwrite") from error


def _write_run(target: Path, run: dict[str, Any]) -> None:
    partial = target / f".{RUN}.partial"
    partial.write_text(json.dumps(run, indent=1) + "\n")
    partial.replace(target / RUN)


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
