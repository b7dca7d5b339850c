"""What a network learns from, on the grid of cells: rows of superpixels, their annotation, and sampled pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.io.mapped_arrays import mapped_arrays, write_arrays
from terrazzo.models.lattice.cell_edges import CellEdges
from terrazzo.models.lattice.cell_rows import CellRows, cell_rows
from terrazzo.models.passes.declared import Given
from terrazzo.regions.classes.tile_counts import TileCounts
from terrazzo.training.lattice.sampled_pixels import PixelSamples
from terrazzo.training.rules.boundary_scale import with_contrast

SAMPLES, EDGES = "samples_", "edges_"


@dataclass(frozen=True, eq=False)
class Table:
    """What is known of a box of cells.

    Parameters
    ----------
    cells : CellRows
        Rows of the superpixels.
    counts : ndarray of uint32, shape (*cells, C)
        Annotated pixels of each class.
    samples : PixelSamples
        Some of these pixels.
    edges : CellEdges or None
        Those between the superpixels, where a conditional random field looks at them; of a block all that it owns.
    """

    cells: CellRows
    counts: NDArray[np.uint32]
    samples: PixelSamples
    edges: CellEdges | None = None

    @classmethod
    def of_block(cls, block: Block, given: Given, classes: int, *, edges: bool = False) -> Table:
        """Return what passes gave of a block as a table of its cells, with its edges if they are wanted."""
        rows, samples = given["rows"], given["samples"]
        cells = cell_rows([rows], block.cells, block.lattice)
        counts = np.zeros((*block.cells.shape, classes), np.uint32)
        places = block.lattice.cells_of(rows.ids) - block.cells.start
        counts[tuple(places.T)] = given["targets"]
        order = np.argsort(_raster(samples, around_cells(block.cells)), kind="stable")
        return cls(cells, counts, samples.chosen(order), CellEdges.of(rows, block.lattice) if edges else None)

    def tiles(self, side: int) -> TileCounts:
        """Return where how much is annotated, in tiles of so many cells along a side."""
        places = np.argwhere(self.counts.any(axis=-1))
        return TileCounts.of_cells(places + self.cells.box.start, self.counts[tuple(places.T)], side)

    @cached_property
    def first_samples(self) -> NDArray[np.int64]:
        """How many samples come before those of each cell of a block and around it, in the raster; then of all."""
        box = around_cells(self.cells.box)
        return np.searchsorted(_raster(self.samples, box), np.arange(math.prod(box.shape) + 1))

    def samples_within(self, box: Box) -> NDArray[np.int64]:
        """Return which samples of a block's table are of cells inside a box, which must touch it."""
        around, first = around_cells(self.cells.box), self.first_samples
        inside = around.overlap(box)
        if inside is None:
            raise LookupError(f"{box} does not touch {around}")
        places = np.arange(len(first) - 1).reshape(around.shape)[inside.within(around)]
        starts, stops = first[places[..., 0].ravel()], first[places[..., -1].ravel() + 1]
        return np.concatenate([np.arange(start, stop) for start, stop in zip(starts, stops, strict=True)])

    def with_values(
        self, rows: NDArray[np.float32], responses: NDArray[np.float32], contrast: NDArray[np.float32]
    ) -> Table:
        """Return the same with other numbers of superpixels and of pixels, and with channels of other contrasts."""
        cells, edges = CellRows(self.cells.box, rows, self.cells.present), self.edges
        if edges is not None:
            edges = replace(edges, features=with_contrast(edges.features, contrast))
        return Table(cells, self.counts, replace(self.samples, responses=responses), edges)


def around_cells(cells: Box) -> Box:
    """Return the cells that superpixels of a block's pixels may have: they reach into the next cell."""
    return Box(tuple(a - 1 for a in cells.start), tuple(b + 1 for b in cells.stop))


@dataclass(frozen=True, eq=False)
class ImageTables:
    """The tables of the blocks of an annotated image that are near annotated pixels.

    Parameters
    ----------
    grid : BlockGrid
    tables : mapping of tuple of int to Table
        By the index of the block.
    tiles : TileCounts
        Where how much is annotated.
    """

    grid: BlockGrid
    tables: Mapping[tuple[int, ...], Table]
    tiles: TileCounts

    def in_tiles(self, side: int) -> ImageTables:
        """Return the same with tiles of so many cells along a side."""
        axes = len(self.grid.shape)
        parts = [self.tables[index].tiles(side) for index in sorted(self.tables)]
        classes = self.tiles.counts.shape[1]
        return replace(self, tiles=TileCounts.joined(parts, axes, classes))

    def window(self, box: Box, some_of: Callable[[int], NDArray[np.int64]] = np.arange) -> Table:
        """Return the table of a box of cells, which may be larger than the lattice; what nobody knows is absent.

        Parameters
        ----------
        box : Box
        some_of : callable
            Which of so many sampled pixels are wanted: all, unless it is said.
        """
        whole = Box((0,) * len(box.start), self.grid.lattice.cells)
        seen = box.overlap(whole)
        blocks = [] if seen is None else self.grid.touching(seen)
        found = [self.tables[block.index] for block in blocks if block.index in self.tables]
        some = found[0] if found else next(iter(self.tables.values()))
        rows = np.zeros((*box.shape, some.cells.rows.shape[-1]), np.float32)
        counts = np.zeros((*box.shape, some.counts.shape[-1]), np.uint32)
        present: NDArray[Any] = np.zeros(box.shape, np.bool_)
        within = [np.arange(0)]
        for table in found:
            own = table.cells.box
            both = own.overlap(box)
            if both is not None:
                here, there = both.within(box), both.within(own)
                rows[here] = table.cells.rows[there]
                counts[here] = table.counts[there]
                present[here] = table.cells.present[there]
            within.append(table.samples_within(box))
        edges = None
        if some.edges is not None:
            own_edges = [table.edges.between(box) for table in [some, *found] if table.edges is not None]
            # the first is there for its columns
            edges = CellEdges.joined([own_edges[0].none, *own_edges[1:]])
        return Table(CellRows(box, rows, present), counts, _picked([some, *found], within, some_of), edges)


def _raster(samples: PixelSamples, box: Box) -> NDArray[np.int64]:
    """Return the place of each sample's cell in the raster of a box."""
    places: NDArray[np.int64] = np.ravel_multi_index(tuple((samples.cells - box.start).T), box.shape)
    return places


def _picked(
    tables: list[Table], within: list[NDArray[np.int64]], some_of: Callable[[int], NDArray[np.int64]]
) -> PixelSamples:
    """Return the wanted ones of those samples of some tables that are within a window."""
    ends = np.cumsum([len(rows) for rows in within])
    wanted = np.sort(some_of(int(ends[-1])))
    parts = np.split(wanted, np.searchsorted(wanted, ends[:-1]))
    starts = [0, *ends[:-1]]
    return PixelSamples.joined(
        [
            table.samples.chosen(rows[part - start])
            for table, rows, part, start in zip(tables, within, parts, starts, strict=True)
        ]
    )


@dataclass(frozen=True, eq=False)
class StoredTables(Mapping[tuple[int, ...], Table]):
    """Tables on disk, of which a window reads where all samples are, and beyond that no more than lies in it.

    Parameters
    ----------
    folder : path
    blocks : dict of tuple of int to Block
        Those that are there.
    """

    folder: Path
    blocks: dict[tuple[int, ...], Block]

    def __getitem__(self, index: tuple[int, ...]) -> Table:
        return read_table(self.folder, self.blocks[index])

    def __iter__(self) -> Any:
        return iter(self.blocks)

    def __len__(self) -> int:
        return len(self.blocks)


def write_table(table: Table, folder: Path, block: Block, **others: NDArray[Any]) -> None:
    """Write the table of a block under its name, and other arrays with it."""
    cells = {"rows": table.cells.rows, "present": table.cells.present, "counts": table.counts}
    samples = {f"{SAMPLES}{name}": value for name, value in vars(table.samples).items()}
    edges = {} if table.edges is None else {f"{EDGES}{name}": value for name, value in vars(table.edges).items()}
    write_arrays(cells | samples | edges | others, table_file(folder, block))


def read_table(folder: Path, block: Block) -> Table:
    """Return the table of a block, its arrays mapped and read-only."""
    arrays = mapped_arrays(table_file(folder, block))
    samples = {name.removeprefix(SAMPLES): value for name, value in arrays.items() if name.startswith(SAMPLES)}
    # tables that an older version keeps have no weights: each pixel counts as any other
    if "weights" not in samples:
        samples["weights"] = np.ones(len(samples["areas"]), np.float32)
    found = {name.removeprefix(EDGES): value for name, value in arrays.items() if name.startswith(EDGES)}
    cells = CellRows(block.cells, arrays["rows"], arrays["present"])
    return Table(cells, arrays["counts"], PixelSamples(**samples), CellEdges(**found) if found else None)


def table_file(folder: Path, block: Block) -> Path:
    """Return the file of a block's table."""
    return folder / f"{block.name}.safetensors"
