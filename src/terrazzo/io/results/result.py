"""A result on disk: one Zarr group with label images, and Parquet tables beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid
from terrazzo.errors import InputError
from terrazzo.io.failures import reported_as_not_written
from terrazzo.io.results.aligned import check_aligned
from terrazzo.io.results.frames import edge_frame, node_frame
from terrazzo.io.results.level_arrays import LevelArrays
from terrazzo.io.results.markers import Counts, Index, marker, read_markers
from terrazzo.io.results.pyramid import Pyramid
from terrazzo.io.results.result_view import result_html, result_text
from terrazzo.io.results.tables import edge_table, node_table, read_block_graph, write_part
from terrazzo.lattice import Lattice
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.merge import merge
from terrazzo.regions.graphs.region_graph import RegionGraph

SUPERPIXELS, CLASSES, PROBABILITIES = "labels/superpixels", "labels/classes", "probabilities"
# what each pass over the blocks writes; then their coarser levels, over tiles
PASSES = {"superpixels": (SUPERPIXELS,), "classes": (CLASSES, PROBABILITIES)}
LEVELS = "levels"
TABLES = ("nodes", "edges")
DONE = "done"
RUN = "run.json"


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
    run_id : str
        Which run writes it; a task that is left over from a run before writes nothing.
    probabilities : int
        The planes of its image of probabilities, one per class; 0 if it has none.
    passes : tuple of str
        What it holds: "superpixels", with tables, and "classes", or classes alone.
    """

    path: str
    grid: BlockGrid
    node_columns: tuple[str, ...]
    edge_columns: tuple[str, ...]
    run_id: str = ""
    probabilities: int = 0
    passes: tuple[str, ...] = tuple(PASSES)

    def write_segments(
        self, block: Block, ids: NDArray[np.unsignedinteger[Any]], graph: BlockGraph, unadopted: int = 0
    ) -> None:
        """Write the superpixel ids of a block's core and what the block owns, then its marker."""
        done = marker(self._markers("superpixels"), block.index, (graph.ids.size, graph.edges.shape[1], unadopted))
        with reported_as_not_written(self.path):
            if self._is_written(done):
                return
            self.arrays(SUPERPIXELS).write(block, ids)
            write_part(edge_table(graph, self.edge_columns), self._part("edges", block))
            write_part(node_table(graph, self.node_columns), self._part("nodes", block))
            done.touch()

    def write_classes(
        self,
        block: Block,
        classes: NDArray[np.uint8],
        graph: BlockGraph,
        probabilities: NDArray[np.float32],
        planes: Iterable[NDArray[np.uint8]] = (),
    ) -> None:
        """Write the classes of a block's core, and its nodes with their class and probabilities, then its marker.

        `planes` are images of the core, the probability of each class in turn.
        """
        done = marker(self._markers("classes"), block.index)
        with reported_as_not_written(self.path):
            if self._is_written(done):
                return
            self.arrays(CLASSES).write(block, classes)
            for value, plane in enumerate(planes):
                self.arrays(PROBABILITIES).write(block, plane, value)
            # in place of the part without classes: who reads features of either finds the same
            write_part(node_table(graph, self.node_columns, probabilities), self._part("nodes", block))
            done.touch()

    def write_levels(self, tile: Block, step: int) -> None:
        """Write the levels of a step of `pyramid` inside a tile, of every image, then the tile's marker."""
        done = marker(self._markers(LEVELS), (step, *tile.index))
        with reported_as_not_written(self.path):
            if self._is_written(done):
                return
            for key in self.images:
                self.arrays(key).coarsen(step, tile)
            done.touch()

    @property
    def images(self) -> tuple[str, ...]:
        """Where its images are, inside it."""
        keys = (key for name in self.passes for key in PASSES[name])
        return tuple(key for key in keys if key != PROBABILITIES or self.probabilities)

    @property
    def pyramid(self) -> Pyramid:
        """The levels of its images."""
        return Pyramid.of(self.grid)

    def arrays(self, key: str) -> LevelArrays:
        """Return the arrays of one of its images."""
        planes = self.probabilities if key == PROBABILITIES else 0
        return LevelArrays(f"{self.path}/{key}", self.pyramid, planes)

    def write_pixel_classes(self, block: Block, classes: NDArray[np.uint8]) -> None:
        """Write the classes of a block's core, of a result without superpixels, then its marker."""
        done = marker(self._markers("classes"), block.index)
        with reported_as_not_written(self.path):
            if self._is_written(done):
                return
            self.arrays(CLASSES).write(block, classes)
            done.touch()

    def finished(self, name: str) -> dict[Index, Counts]:
        """Return the blocks that a pass has finished by index; of "superpixels" with nodes, edges, unadopted pixels.

        Of "levels" they are tiles, with the step before their index.
        """
        return read_markers(self._markers(name))

    def read_graph(self, block: Block) -> BlockGraph:
        """Read the nodes and edges that a block owns."""
        return read_block_graph(self._part("nodes", block), self._part("edges", block))

    def read_superpixels(self, window: tuple[slice, ...]) -> NDArray[np.unsignedinteger[Any]]:
        """Read the superpixel ids of a window, (y, x) or (z, y, x)."""
        return self.arrays(SUPERPIXELS).read(window)

    def read_classes(self, window: tuple[slice, ...]) -> NDArray[np.uint8]:
        """Read the classes of a window, (y, x) or (z, y, x)."""
        return self.arrays(CLASSES).read(window)

    @property
    def nodes(self) -> Any:
        """The nodes of a finished result as a Dask DataFrame, one partition per block; nothing is read yet.

        Columns are `id`, `y`, `x` (of a volume `z`, `y`, `x`), `area`, the features under their own names, `class`
        and `probability_NAME` of each class. A feature whose name is taken stands there as `feature_NAME`.

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

    def finish(self, figures: dict[str, Any]) -> None:
        """Note that every block is written, with figures about the run."""
        with reported_as_not_written(self.path):
            write_run(Path(self.path), self.run | {"finished": True, "figures": figures})

    def _is_written(self, done: Path) -> bool:
        """Whether a block is finished: by a worker that was thought lost, say, whose block went to another."""
        if self.run.get("id", "") != self.run_id:
            raise InputError(f"'{self.path}' was begun anew by another run meanwhile; this one ends here")
        return done.exists()

    def _markers(self, name: str) -> Path:
        return Path(self.path) / DONE / name

    def _parts(self, table: str) -> list[Path]:
        self.check_superpixels()
        self.check_finished()
        return [self._part(table, block) for block in self.grid]

    def check_superpixels(self) -> None:
        """Raise an InputError if the result holds classes alone, as that of a U-Net does."""
        if "superpixels" not in self.passes:
            raise InputError(
                f"'{self.path}' is of a U-Net and has no superpixels; predict with a model of terrazzo fit"
            )

    def check_finished(self) -> None:
        """Raise an InputError if the result is not finished."""
        if not self.run["finished"]:
            raise InputError(f"'{self.path}' is not finished; run the same terrazzo predict again to finish it")

    def _part(self, table: str, block: Block) -> Path:
        return Path(self.path) / table / f"{'-'.join(map(str, block.index))}.parquet"

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
    """
    file = Path(path) / RUN
    if not file.is_file():
        raise InputError(f"'{path}' is no result of terrazzo (it holds no {RUN}); make one with terrazzo predict")
    try:
        run = json.loads(file.read_text())
        lattice = Lattice(tuple(run["shape"]), tuple(run["size"]))
        grid = BlockGrid(lattice, tuple(run["block_cells"]))
        Pyramid.of(grid)
        passes = tuple(run.get("passes", PASSES))
        arrays = {key: zarr.open_array(path, path=f"{key}/0", mode="r") for key in (PASSES[name][0] for name in passes)}
        columns = tuple(run["node_columns"]), tuple(run["edge_columns"])
        run_id, probabilities = run.get("id", ""), run.get("probabilities", 0)
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise InputError(f"'{file}' is damaged ({error!r}); run terrazzo predict again with --overwrite") from error
    for key, array in arrays.items():
        check_aligned(array, grid, Path(path) / key)
    return Result(str(Path(path).resolve()), grid, *columns, run_id, probabilities, passes)


def write_run(target: Path, run: dict[str, Any]) -> None:
    """Write what a result is made from, whole or not at all."""
    partial = target / f".{RUN}.partial"
    partial.write_text(json.dumps(run, indent=1) + "\n")
    partial.replace(target / RUN)
