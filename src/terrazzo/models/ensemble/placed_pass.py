"""A pass of a model in an ensemble: on the ensemble's blocks, which are whole cells of the model's own as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.lattice import Lattice
from terrazzo.memory import Reading
from terrazzo.models.passes.declared import Estimate, Given, Near, Own, Pass, Pixels, Read, Windows

Cell = tuple[int, ...]


def block_on(block: Block, cell: Cell) -> Block:
    """Return a block on another lattice of the same image, of whose cells it is whole ones."""
    if cell == block.lattice.size:
        return block
    core = block.core
    start = tuple(a // s for a, s in zip(core.start, cell, strict=True))
    stop = tuple(-(-b // s) for b, s in zip(core.stop, cell, strict=True))
    return Block(block.index, Box(start, stop), Lattice(block.lattice.shape, cell))


def grid_on(grid: BlockGrid, cell: Cell) -> BlockGrid:
    """Return the same blocks on another lattice."""
    if cell == grid.lattice.size:
        return grid
    pixels = (cells * size for cells, size in zip(grid.block_cells, grid.lattice.size, strict=True))
    return BlockGrid(
        Lattice(grid.lattice.shape, cell), tuple(length // s for length, s in zip(pixels, cell, strict=True))
    )


@dataclass(frozen=True)
class Place:
    """Where a model's passes run: on blocks of other cells, beside others that give things of the same names.

    Parameters
    ----------
    cell : tuple of int
        Of the model's own lattice.
    base : tuple of int
        Of the blocks' lattice.
    suffix : str
        What follows the names of its passes and of what they give; empty where the names are its own.
    """

    cell: Cell
    base: Cell
    suffix: str = ""

    @property
    def is_its_own(self) -> bool:
        """Whether nothing changes."""
        return self.cell == self.base and not self.suffix

    def read(self, read: Read) -> Read:
        """Return what a pass reads, said of the ensemble's blocks."""
        if isinstance(read, Pixels):
            return replace(read, window=self.windows(read.window), asked=self.windows(read.asked))
        if isinstance(read, Estimate):
            return replace(read, name=read.name + self.suffix)
        if isinstance(read, Near):
            along = (read.cells,) * len(self.cell) if isinstance(read.cells, int) else read.cells
            pixels = zip(along, self.cell, self.base, strict=True)
            return Near(read.what + self.suffix, tuple(-(-cells * own // other) for cells, own, other in pixels))
        return Own(read.what + self.suffix, read.margin)

    def windows(self, windows: Windows) -> Windows:
        """Return the windows of the ensemble's blocks."""
        return windows if self.cell == self.base else partial(_window, windows=windows, cell=self.cell)

    def earlier(self, one: Pass) -> Pass:
        """Return a pass that comes before the last; where anything changes it has no parts."""
        if self.is_its_own:
            return one
        names = {what: what + self.suffix for what in one.gives}
        return replace(
            one,
            name=one.name + self.suffix,
            reads=tuple(map(self.read, one.reads)),
            gives=tuple(names.values()),
            run=partial(_given, run=one.run, cell=self.cell, names=names),
            nothing=partial(_given, run=one.nothing, cell=self.cell, names=names),
            decides=(one.decides, self.suffix),
            holds=None if one.holds is None else replace(one.holds, task=self.task(one.holds.task)),
            figures=tuple(name + self.suffix for name in one.figures),
            parts=(),
        )

    def task(self, task: Callable[[Block, BlockGrid, Reading], int]) -> Callable[[Block, BlockGrid, Reading], int]:
        """Return what the task of one of the ensemble's blocks holds."""
        return partial(_bytes, task=task, cell=self.cell)


def _window(block: Block, *, windows: Windows, cell: Cell) -> Box:
    return windows(block_on(block, cell))


def _given(block: Block, *read: Any, run: Callable[..., Given], cell: Cell, names: Mapping[str, str]) -> Given:
    return {names.get(what, what): value for what, value in run(block_on(block, cell), *read).items()}


def _bytes(block: Block, grid: BlockGrid, reading: Reading, *, task: Callable[..., int], cell: Cell) -> int:
    return task(block_on(block, cell), grid_on(grid, cell), reading)
