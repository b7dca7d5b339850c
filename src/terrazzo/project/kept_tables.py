"""What a fit learns from, kept from fit to fit: a block's table is made anew where what is drawn on it has changed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.blockwise.cluster.run_blocks import BlockCount, run_blocks
from terrazzo.blockwise.inputs.windows import read_window
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import given_of
from terrazzo.io.annotations.annotation import Annotation
from terrazzo.io.annotations.drawn_boxes import drawn_boxes
from terrazzo.io.failures import about
from terrazzo.io.images.image import Image
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.mapped_arrays import mapped_arrays
from terrazzo.models.passes.superpixels import targets_pass
from terrazzo.project.stored_graph import StoredGraph
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, annotated_classes
from terrazzo.regions.classes.boundary_weights import BoundaryWeights
from terrazzo.regions.classes.tile_counts import TileCounts
from terrazzo.training.lattice.sampled_pixels import samples_pass, share_of_block
from terrazzo.training.lattice.split_cells import tile_side
from terrazzo.training.lattice.tables import ImageTables, Table, read_table, table_file, write_table

SEED = 0
"""Of the annotated pixels that are kept: one for all fits, or tables would not stay."""


@dataclass(frozen=True, eq=False)
class AnnotatedGraph:
    """An image of a project with what is drawn on it.

    Parameters
    ----------
    image : Image
    annotation : Annotation
    graph : StoredGraph
    folder : path
        Where its tables are kept.
    classes : int
    samples : int
        The most annotated pixels that are kept of a block.
    weighted : BoundaryWeights
        What these count for.
    edges : bool
        Whether edges are kept as well.
    """

    image: Image
    annotation: Annotation
    graph: StoredGraph
    folder: Path
    classes: int
    samples: int
    weighted: BoundaryWeights = BoundaryWeights()
    edges: bool = False

    def tables(self, reach: int, client: Client | None = None) -> ImageTables:
        """Return the tables of the blocks near annotated pixels; those that are there and still true stay as they are.

        Parameters
        ----------
        reach : int
            How many cells are near.
        client : distributed.Client, optional
        """
        grid = self.graph.grid
        with about(self.annotation.path):
            drawn = drawn_boxes(self.annotation.stored)
            surveyed = list(run_blocks(_surveyed, grid.along_curve(), self, drawn, client=client))
        near = [box.grown(reach, grid.lattice.cells) for _, _, box in surveyed if box is not None]
        wanted = {block.index: block for box in near for block in grid.touching(box)}
        keys = {block.index: key for block, key, _ in surveyed if block.index in wanted}
        self.folder.mkdir(parents=True, exist_ok=True)
        stale = [wanted[index] for index in sorted(wanted) if not _is_true(self.folder, wanted[index], keys[index])]
        waiting = {block.index for block in stale}
        told = BlockCount("tables", len(wanted), (block for index, block in wanted.items() if index not in waiting))
        with about(self.image.path):
            for _ in run_blocks(_written, stale, self, keys, client=client, done=told):
                pass
        ordered = {index: wanted[index] for index in sorted(wanted)}
        tables = KeptTables(self.folder, ordered, self.classes)
        side = tile_side(grid.lattice.cells)
        tiles = [tables[index].tiles(side) for index in ordered]
        return ImageTables(grid, tables, TileCounts.joined(tiles, len(grid.shape), self.classes))


@dataclass(frozen=True, eq=False)
class KeptTables(Mapping[tuple[int, ...], Table]):
    """Tables on disk, some of which may have been written before there were as many classes as there are.

    Parameters
    ----------
    folder : path
    blocks : dict of tuple of int to Block
    classes : int
    """

    folder: Path
    blocks: dict[tuple[int, ...], Block]
    classes: int

    def __getitem__(self, index: tuple[int, ...]) -> Table:
        table = read_table(self.folder, self.blocks[index])
        missing = self.classes - table.counts.shape[-1]
        if not missing:
            return table
        ends = [(0, 0)] * (table.counts.ndim - 1)
        return replace(table, counts=np.pad(table.counts, [*ends, (0, missing)]))

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        return iter(self.blocks)

    def __len__(self) -> int:
        return len(self.blocks)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """What is drawn, as classes, read at once: Dask would read each small chunk by itself."""

    stored: StoredArray
    classes: int

    def __getitem__(self, selection: Any) -> NDArray[np.uint8]:
        return annotated_classes(self.stored[selection][0], self.classes)


def _surveyed(block: Block, of: AnnotatedGraph, drawn_in: Sequence[Box] | None) -> tuple[Block, bytes, Box | None]:
    """Return what the table of a block follows from, as a hash, and the box of cells that is annotated."""
    box = _seen_around(block, of)
    weighted = f"{of.weighted} " if of.weighted.rise else ""
    number = share_of_block(math.prod(block.core.shape), of.samples)
    digest = hashlib.sha256(f"{of.graph.result.run_id} {number} {SEED} {weighted}".encode())
    if of.edges:
        digest.update(b"edges ")
    if drawn_in is not None and all(one.overlap(box) is None for one in drawn_in):
        return block, digest.digest(), None
    truth = annotated_classes(read_window(of.annotation.stored, box)[0], of.classes)
    drawn = truth != NOT_ANNOTATED
    if drawn.any():
        digest.update(truth.tobytes())
    inside = drawn[block.core.within(box)]
    if not inside.any():
        return block, digest.digest(), None
    others = [tuple(other for other in range(inside.ndim) if other != axis) for axis in range(inside.ndim)]
    places = [np.flatnonzero(inside.any(axis=axes)) for axes in others]
    spans = list(zip(places, block.core.start, block.lattice.size, strict=True))
    start = tuple(int(place[0] + first) // size for place, first, size in spans)
    stop = tuple(int(place[-1] + first) // size + 1 for place, first, size in spans)
    return block, digest.digest(), Box(start, stop)


def _seen_around(block: Block, of: AnnotatedGraph) -> Box:
    """Return the pixels of which what is drawn decides the table of a block."""
    near = block.pixels(1)
    reach = (0,) * (len(block.index) - 2) + (of.weighted.reach,) * 2
    far = block.core.grown(reach, block.lattice.shape)
    start = tuple(map(min, near.start, far.start))
    return Box(start, tuple(map(max, near.stop, far.stop)))


def _is_true(folder: Path, block: Block, key: bytes) -> bool:
    file = table_file(folder, block)
    return file.exists() and mapped_arrays(file)["key"].tobytes() == key


def _written(block: Block, of: AnnotatedGraph, keys: Mapping[tuple[int, ...], bytes]) -> None:
    """Write the table of a block: the image is read where it is annotated, and nowhere else."""
    truth = annotated_classes(read_window(of.annotation.stored, block.pixels(1))[0], of.classes)
    channels, axes = len(of.image.channels), len(block.index)
    sampled = samples_pass(channels, axes, of.samples, SEED, of.weighted)
    given: dict[str, Any] = {"rows": of.graph.read("rows", block)}
    if (truth != NOT_ANNOTATED).any():
        sources = Sources(of.image.stored, annotation=_Drawn(of.annotation.stored, of.classes), path=of.image.path)
        given |= given_of((targets_pass(of.classes), sampled), block, sources, of.graph)
    else:
        given["targets"] = np.zeros((given["rows"].ids.size, of.classes), np.uint32)
        given |= sampled.nothing(block)
    key = np.frombuffer(keys[block.index], np.uint8)
    write_table(Table.of_block(block, given, of.classes, edges=of.edges), of.folder, block, key=key)
