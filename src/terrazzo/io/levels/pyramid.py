"""Which levels does a stored array have, and who writes which part of them? Integers only.

A level has a pixel for every 2nd, 4th, 8th of level 0, counted from the image's own origin, on the absolute grid. With
nearest sampling it is `array[::f, ::f]` whatever the blocks, and its classes are those of its superpixels.

A block is four stored chunks wide along each axis. One task writes what lies in whole chunks of its own:

    level 0   |c c c c|c c c c|   four chunks per block
    level 1   |c   c  |c   c  |   two
    level 2   |c      |c      |   one: until here the block's task writes them
    level 3   |c              |   a chunk for several blocks: written from level 2 by the task of a tile,
    level 4   |c                  which is four chunks of level 2 wide; and so on from level 4
"""

from __future__ import annotations

from dataclasses import dataclass

from terrazzo.blocks import STORAGE_CHUNKS_PER_BLOCK, Block, BlockGrid
from terrazzo.errors import ParameterError
from terrazzo.lattice import Lattice

LEVELS_PER_STEP = STORAGE_CHUNKS_PER_BLOCK.bit_length() - 1


@dataclass(frozen=True)
class Pyramid:
    """The levels of an array that is written in blocks.

    Parameters
    ----------
    extent : tuple of int
        Of level 0 along (y, x) or (z, y, x), in pixels.
    chunk : tuple of int
        The stored chunk of every level.
    factors : tuple of tuple of int
        Per level, how many pixels of level 0 lie from one of its pixels to the next, along each axis.
    """

    extent: tuple[int, ...]
    chunk: tuple[int, ...]
    factors: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, grid: BlockGrid) -> Pyramid:
        """Return the levels of what is written in the blocks of a grid: the last fits into one stored chunk.

        Rows and columns are halved together; sections only while they are more than a chunk.

        Raises
        ------
        ParameterError
            If the blocks are too small to be stored in chunks.
        """
        extent, chunk = grid.lattice.shape, grid.storage_chunk
        if min(chunk) < 1:
            raise ParameterError(f"blocks of {grid.block_cells} cells are not stored; they need at least 4 per axis")
        factors = [(1,) * len(extent)]
        while max(halves := _halves(_coarse(extent, factors[-1]), chunk)) > 1:
            factors.append(tuple(f * half for f, half in zip(factors[-1], halves, strict=True)))
        return cls(extent, chunk, tuple(factors))

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The extent of each level, finest first."""
        return tuple(_coarse(self.extent, factors) for factors in self.factors)

    @property
    def steps(self) -> range:
        """The passes over tiles that follow the pass over blocks, which is step 0."""
        coarser = len(self.factors) - 1
        return range(1, max(1, -(-coarser // LEVELS_PER_STEP)))

    def tiles(self, step: int) -> BlockGrid:
        """Return the tiles of a step, in pixels of its source; of step 0 they are the cores of the blocks."""
        lattice = Lattice(self.shapes[self.source(step)], self.chunk)
        return BlockGrid(lattice, (STORAGE_CHUNKS_PER_BLOCK,) * len(self.chunk))

    def source(self, step: int) -> int:
        """Return the level whose pixels the tasks of a step begin with."""
        return step * LEVELS_PER_STEP

    def levels(self, step: int) -> range:
        """Return the levels that the tasks of a step write; those of blocks write level 0 as well."""
        first = self.source(step) + 1 if step else 0
        return range(first, min(self.source(step) + 1 + LEVELS_PER_STEP, len(self.factors)))

    def part(self, step: int, tile: Block, level: int) -> tuple[tuple[slice, ...], tuple[int, ...]]:
        """Return where in `level` a tile's pixels are written, and how many of its own lie from one to the next."""
        strides = self.strides(step, level)
        core = tile.core
        places = tuple(slice(-(-a // s), -(-b // s)) for a, b, s in zip(core.start, core.stop, strides, strict=True))
        return places, strides

    @property
    def number_of_tiles(self) -> int:
        """How many tasks there are besides those of the blocks."""
        return sum(len(self.tiles(step)) for step in self.steps)

    def strides(self, step: int, level: int) -> tuple[int, ...]:
        """Return how many pixels of the source of a step lie from one pixel of a level to the next."""
        return tuple(f // s for f, s in zip(self.factors[level], self.factors[self.source(step)], strict=True))


def _coarse(extent: tuple[int, ...], factors: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-(-length // factor) for length, factor in zip(extent, factors, strict=True))


def _halves(extent: tuple[int, ...], chunk: tuple[int, ...]) -> tuple[int, ...]:
    """Return 2 for the axes that the next level has half of, else 1."""
    longer = [length > size for length, size in zip(extent, chunk, strict=True)]
    *sections, rows, columns = longer
    return tuple(1 + half for half in (*sections, rows or columns, rows or columns))
