"""A result on disk: one Zarr group with label images, and Parquet tables beside them."""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from terrazzo.arguments import A_RESULTS_PATH, require
from terrazzo.blocks import Block, BlockGrid
from terrazzo.errors import InputError
from terrazzo.html import MOST_READ, SIDE, Html, of_classes, swatches, table
from terrazzo.io.levels.level_arrays import LevelArrays
from terrazzo.io.levels.pyramid import Pyramid
from terrazzo.io.ngff import levels, ome_metadata
from terrazzo.io.results.markers import Counts, Index, read_markers
from terrazzo.io.results.tables import edge_frame, node_frame, read_block_graph
from terrazzo.lattice import Lattice
from terrazzo.palette import class_colours
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.merge import merge
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.wording import by, counted, lengths

SUPERPIXELS, CLASSES, PROBABILITIES = "labels/superpixels", "labels/classes", "probabilities"
# where the images are that a pass over the blocks gives; the coarser levels are written over tiles, after all passes
IMAGES = {"labels": SUPERPIXELS, "classes": CLASSES, "probabilities": PROBABILITIES}
LEVELS = "levels"
# what passes of results give that were written before run.json said so
GIVES = {"superpixels": ("labels", "rows"), "classes": ("classes", "probabilities", "node_probabilities")}
TABLES = ("nodes", "edges")
# what passes read of blocks around, for as long as the run goes on
ROWS = "rows"
DONE = "done"
RUN = "run.json"
# says in it that the run has ended by itself
GIVEN_UP = "given_up"


@dataclass(frozen=True)
class Result:
    """A result on disk, read only: a handle that is small to send.

    Parameters
    ----------
    path : str
        The directory.
    grid : BlockGrid
        The blocks that it is written in.
    node_columns, edge_columns : tuple of str
        The names of the features in the tables.
    run_id : str
        Which run writes it; a task that is left over from a run before writes nothing.
    probabilities : int
        The planes of its image of probabilities, one per class; 0 if it has none.
    passes : tuple of str
        The passes over its blocks, in order.
    gives : tuple of tuple of str
        What each of them gives: "labels", "rows", "classes", "probabilities", ….
    """

    path: str
    grid: BlockGrid
    node_columns: tuple[str, ...]
    edge_columns: tuple[str, ...]
    run_id: str = ""
    probabilities: int = 0
    passes: tuple[str, ...] = tuple(GIVES)
    gives: tuple[tuple[str, ...], ...] = tuple(GIVES.values())

    @property
    def images(self) -> tuple[str, ...]:
        """Where its images are, inside it."""
        return tuple(key for name in self.passes for key in self.images_of(name))

    def images_of(self, name: str) -> tuple[str, ...]:
        """Return where the images are that a pass writes."""
        given = self.gives[self.passes.index(name)]
        keys = (IMAGES[what] for what in given if what in IMAGES)
        return tuple(key for key in keys if key != PROBABILITIES or self.probabilities)

    def given_after(self, name: str) -> tuple[str, ...]:
        """Return what the passes give that follow the named one."""
        later = self.gives[self.passes.index(name) + 1 :]
        return tuple(what for given in later for what in given)

    @property
    def has_superpixels(self) -> bool:
        """Whether it holds superpixels, with tables of nodes and edges; else it holds classes alone."""
        return any("rows" in given for given in self.gives)

    @property
    def pyramid(self) -> Pyramid:
        """The levels of its images."""
        return Pyramid.of(self.grid)

    def arrays(self, key: str) -> LevelArrays:
        """Return the arrays of one of its images."""
        planes = self.probabilities if key == PROBABILITIES else 0
        return LevelArrays(f"{self.path}/{key}", self.pyramid, planes)

    def finished(self, name: str) -> dict[Index, Counts]:
        """Return the blocks that a pass has finished by index; of "superpixels" with nodes, edges, unadopted pixels.

        Of "levels" they are tiles, with the step before their index.
        """
        return read_markers(self.markers(name))

    def read_graph(self, block: Block) -> BlockGraph:
        """Read the nodes and edges that a block of a finished result owns."""
        return read_block_graph(self.part("nodes", block), self.part("edges", block))

    def read_superpixels(self, window: tuple[slice, ...]) -> NDArray[np.unsignedinteger[Any]]:
        """Read the superpixel ids of a window, (y, x) or (z, y, x)."""
        return self.arrays(SUPERPIXELS).read(window)

    def read_classes(self, window: tuple[slice, ...]) -> NDArray[np.uint8]:
        """Read the classes of a window, (y, x) or (z, y, x)."""
        return self.arrays(CLASSES).read(window)

    def read_highest(self, window: tuple[slice, ...]) -> NDArray[np.uint8]:
        """Read the highest of the classes' probabilities in a window, in 255ths; a plane at a time is in memory."""
        arrays = self.arrays(PROBABILITIES)
        planes = (arrays.read((plane, *window)) for plane in range(self.probabilities))
        return reduce(np.maximum, planes)

    @property
    def nodes(self) -> Any:
        """The nodes of a finished result as a Dask DataFrame, one partition per block; nothing is read yet.

        Columns are `id`, `y`, `x` (of a volume `z`, `y`, `x`), `area`, the features under their own names, `class`
        and `probability_NAME` of each class; of a nested graph network also `embedding_0`, `embedding_1`, …. A feature
        whose name is taken stands there as `feature_NAME`.

        Raises
        ------
        InputError
            If the result is not finished, or holds no superpixels.
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
            If the result is not finished, or holds no superpixels.
        """
        self.check_superpixels()
        self.check_finished()
        return merge([self.read_graph(block) for block in self.grid], self.node_columns, self.edge_columns)

    @property
    def run(self) -> dict[str, Any]:
        """What the result was made from, and whether it is finished."""
        run: dict[str, Any] = json.loads((Path(self.path) / RUN).read_text())
        return run

    @property
    def is_given_up(self) -> bool:
        """Whether its run has ended, in an error or by Ctrl-C, before any block was finished: nothing would be lost."""
        return bool(self.run.get(GIVEN_UP)) and not any(map(self.finished, self.passes))

    @property
    def pixel_size(self) -> tuple[tuple[float, ...] | None, str | None]:
        """The size of a pixel along the axes and its unit, as its metadata say; None where the image did not."""
        group = zarr.open_group(f"{self.path}/{CLASSES}", mode="r")
        (level, *_) = levels(ome_metadata(group.attrs.asdict()))
        if level.pixel_unit is None or level.pixel_size is None:
            return None, None
        return tuple(level.pixel_size[axis] for axis in level.axes), level.pixel_unit

    def markers(self, name: str) -> Path:
        """Return the folder of a pass's markers."""
        return Path(self.path) / DONE / name

    def _parts(self, table: str) -> list[Path]:
        self.check_superpixels()
        self.check_finished()
        return [self.part(table, block) for block in self.grid]

    def check_superpixels(self) -> None:
        """Raise an InputError if the result holds classes alone, as that of a U-Net does."""
        if not self.has_superpixels:
            raise InputError(
                f"'{self.path}' holds classes alone and has no superpixels; predict with a lattice network for them"
            )

    def check_finished(self) -> None:
        """Raise an InputError if the result is not finished."""
        if not self.run["finished"]:
            raise InputError(f"'{self.path}' is not finished; run the same terrazzo predict again to finish it")

    def part(self, table: str, block: Block) -> Path:
        """Return the file of a block's part of a table."""
        return Path(self.path) / table / f"{'-'.join(map(str, block.index))}.parquet"

    def rows(self, block: Block) -> Path:
        """Return the file of what passes read of a block, which is there until the run ends."""
        return Path(self.path) / ROWS / f"{block.name}.safetensors"

    def meanwhile(self, what: str, block: Block) -> Path:
        """Return the file of what a pass gave under another name, for those that follow, until the run ends."""
        return Path(self.path) / ROWS / f"{what}_{block.name}.safetensors"

    def __repr__(self) -> str:
        return result_text(self)

    def _repr_html_(self) -> str:
        return result_html(self)


def open_result(path: str | Path) -> Result:
    """Open a result that terrazzo wrote.

    Raises
    ------
    InputError
        If there is none, it is damaged, or its blocks are no whole multiples of what its arrays are stored in.
    ParameterError
        If it is no path.
    """
    require(path, (str, os.PathLike), *A_RESULTS_PATH)
    file = Path(path) / RUN
    if not is_result(path):
        raise InputError(f"'{path}' is no result of terrazzo (it holds no {RUN}); make one with terrazzo predict")
    try:
        run = json.loads(file.read_text())
        lattice = Lattice(tuple(run["shape"]), tuple(run["size"]))
        grid = BlockGrid(lattice, tuple(run["block_cells"]))
        Pyramid.of(grid)
        passes = tuple(run.get("passes", GIVES))
        gives = tuple(map(tuple, run["gives"] if "gives" in run else (GIVES[name] for name in passes)))
        images = (IMAGES[what] for given in gives for what in given if what in IMAGES and what != "probabilities")
        arrays = {key: zarr.open_array(path, path=f"{key}/0", mode="r") for key in images}
        columns = tuple(run["node_columns"]), tuple(run["edge_columns"])
        run_id, probabilities = run.get("id", ""), run.get("probabilities", 0)
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise InputError(f"'{file}' is damaged ({error!r}); run terrazzo predict again with --overwrite") from error
    for key, array in arrays.items():
        check_aligned(array, grid, Path(path) / key)
    return Result(str(Path(path).resolve()), grid, *columns, run_id, probabilities, passes, gives)


def is_result(path: str | Path) -> bool:
    """Whether terrazzo wrote a result at a path, finished or not."""
    return (Path(path) / RUN).is_file()


def check_aligned(array: zarr.Array[Any], grid: BlockGrid, path: str | Path) -> None:
    """Raise an InputError unless an array has the grid's extent and its blocks are whole shards (chunks, without any).

    Two tasks that write to one shard undo each other's work without a word.
    """
    extent = grid.lattice.shape
    if array.shape != extent:
        raise InputError(
            f"'{path}' has {array.shape} pixels and its blocks cover {extent}; begin anew with --overwrite"
        )
    block = tuple(cells * size for cells, size in zip(grid.block_cells, grid.lattice.size, strict=True))
    stored = array.shards or array.chunks
    spans = zip(block, stored, extent, strict=True)
    # what covers the whole axis is one block's as well, if there is one block
    if any(side % unit and side < length for side, unit, length in spans):
        what = "shards" if array.shards else "chunks"
        raise InputError(
            f"'{path}' is stored in {what} of {stored} pixels, of which the blocks of {block} are no whole multiples, "
            "so that they would overwrite each other; begin anew with --overwrite"
        )


def result_text(result: Result) -> str:
    """Return one line; nothing but `run.json` is read."""
    holds = " and ".join(result.passes)
    size, blocks = lengths(result.grid.lattice.shape), counted(len(result.grid), "block")
    return f"<terrazzo.Result {size}, {holds} in {blocks}, {_state(_run(result))}, {result.path!r}>"


def result_html(result: Result) -> str:
    """Return a table for notebooks, with the classes if a small level of them is stored."""
    run, side = _run(result), result.grid[(0,) * len(result.grid.shape)].core.shape
    names, colours = run.get("class_names", ()), run.get("made_from", {}).get("colours", ())
    figures = {
        name.replace("_", " ").capitalize(): f"{run['figures'][name]:,}"
        for name in ("superpixels", "edges")
        if name in run.get("figures", {})
    }
    rows = {
        "Extent": lengths(result.grid.lattice.shape),
        "Holds": ", ".join((*result.passes, *(["probabilities"] if result.probabilities else []))),
        "State": _state(run),
        "Blocks": f"{len(result.grid):,} of {by(side)} pixels",
        **figures,
        "Features": f"{len(result.node_columns)} of nodes, {len(result.edge_columns)} of edges",
        "Classes": swatches(names, class_colours(len(names), colours)) if names else None,
        "Notes": "; ".join(map(str, run.get("notes", ()))) or None,
        "Path": result.path,
    }
    return table("terrazzo.Result", rows, _picture(result, colours) if run.get("finished") else None)


def _run(result: Result) -> dict[str, Any]:
    with suppress(Exception):  # whatever became of the files: who looks at a value did not ask to read them
        run = result.run
        return run if isinstance(run, dict) else {}
    return {}


def _state(run: dict[str, Any]) -> str:
    if not run:
        return "whose files are gone"
    return "finished" if run.get("finished") else "not finished"


def _picture(result: Result, colours: Any) -> Html | None:
    """Return the coarsest level of the classes that fills a thumbnail, if it is small and stored in small pieces."""
    with suppress(Exception):
        shapes, chunk = result.pyramid.shapes, result.pyramid.chunk
        level = max((n for n, shape in enumerate(shapes) if max(shape[-2:]) >= SIDE), default=0)
        if max(math.prod(shapes[level][-2:]), math.prod(chunk)) <= MOST_READ:
            coarse = zarr.open_array(f"{result.path}/{CLASSES}/{level}", mode="r")
            middle = (coarse.shape[0] // 2,) if coarse.ndim == 3 else ()
            return of_classes(np.asarray(coarse[(*middle, ...)]), colours)
    return None
