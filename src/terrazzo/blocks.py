"""How an image is cut: boxes of pixels, blocks of whole cells, and the grid of blocks. Integers only."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from terrazzo.errors import ParameterError
from terrazzo.hilbert import along_hilbert_curve
from terrazzo.lattice import Lattice

# Small images are cut finer, so that several workers have something to do.
BLOCK_SIDE, SMALL_BLOCK_SIDE = 2048, 1024
VOLUME_BLOCK_SIDE = 256
SMALL_IMAGE = 64 * 1024 * 1024
STORAGE_CHUNKS_PER_BLOCK = 4


@dataclass(frozen=True)
class Box:
    """A box of pixels or cells: `start` is inside, `stop` is outside."""

    start: tuple[int, ...]
    stop: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The extent along each axis."""
        return tuple(b - a for a, b in zip(self.start, self.stop, strict=True))

    @property
    def slices(self) -> tuple[slice, ...]:
        """The slices that cut this box out of the whole."""
        return tuple(slice(a, b) for a, b in zip(self.start, self.stop, strict=True))

    @property
    def as_volume(self) -> Box:
        """The same box with three axes."""
        missing = 3 - len(self.start)
        return Box((0,) * missing + self.start, (1,) * missing + self.stop)

    def grown(self, margin: int | Sequence[int], extent: Sequence[int]) -> Box:
        """Return the box with `margin` added on every side, clipped to `0..extent`."""
        margins = (margin,) * len(self.start) if isinstance(margin, int) else tuple(margin)
        start = tuple(max(0, a - m) for a, m in zip(self.start, margins, strict=True))
        stop = tuple(min(n, b + m) for b, m, n in zip(self.stop, margins, extent, strict=True))
        return Box(start, stop)

    def within(self, other: Box) -> tuple[slice, ...]:
        """Return the slices that cut this box out of an array that holds `other`.

        Raises
        ------
        ParameterError
            If `other` does not hold all of it.
        """
        if self.hull(other) != other:
            raise ParameterError(f"{self} is not inside {other}; read a window that holds all that is needed")
        return tuple(slice(a - o, b - o) for a, b, o in zip(self.start, self.stop, other.start, strict=True))

    def aligned(self, multiple: int | Sequence[int]) -> Box:
        """Return the box with its start moved down to a multiple of `multiple`, for all axes or for each."""
        multiples = (multiple,) * len(self.start) if isinstance(multiple, int) else multiple
        return Box(tuple(a - a % m for a, m in zip(self.start, multiples, strict=True)), self.stop)

    def hull(self, other: Box) -> Box:
        """Return the smallest box that holds both."""
        start = tuple(map(min, self.start, other.start))
        return Box(start, tuple(map(max, self.stop, other.stop)))

    def overlap(self, other: Box) -> Box | None:
        """Return the box that both have in common; None if there is none."""
        start, stop = tuple(map(max, self.start, other.start)), tuple(map(min, self.stop, other.stop))
        return Box(start, stop) if all(a < b for a, b in zip(start, stop, strict=True)) else None

    def scaled(self, factor: Sequence[int], extent: Sequence[int]) -> Box:
        """Return a box of cells as a box of pixels, clipped to the image's `extent`."""
        start = tuple(a * f for a, f in zip(self.start, factor, strict=True))
        stop = tuple(min(b * f, n) for b, f, n in zip(self.stop, factor, extent, strict=True))
        return Box(start, stop)


@dataclass(frozen=True)
class Block:
    """One block of the grid: it owns the superpixels of its cells."""

    index: tuple[int, ...]
    cells: Box
    lattice: Lattice

    @property
    def name(self) -> str:
        """Its index with hyphens between: what a file of the block is called."""
        return "-".join(map(str, self.index))

    @property
    def as_volume(self) -> Block:
        """The same block of the same lattice with three axes."""
        return Block((0,) * (3 - len(self.index)) + self.index, self.cells.as_volume, self.lattice.as_volume)

    @property
    def core(self) -> Box:
        """The block's own pixels."""
        return self.pixels(halo=0)

    def cells_with(self, halo: int | Sequence[int]) -> Box:
        """Return the block's cells with `halo` more on each side (or along each axis), clipped to the lattice."""
        return self.cells.grown(halo, self.lattice.cells)

    def pixels(self, halo: int | Sequence[int]) -> Box:
        """Return the pixels of the block's cells with `halo` more cells on each side, clipped to the image."""
        return self.cells_with(halo).scaled(self.lattice.size, self.lattice.shape)


@dataclass(frozen=True)
class BlockGrid:
    """The blocks that cover a lattice, `block_cells` cells each, the last ones cut off.

    Parameters
    ----------
    lattice : Lattice
        What is covered.
    block_cells : tuple of int
        Cells of one block along each axis.
    """

    lattice: Lattice
    block_cells: tuple[int, ...]

    @classmethod
    def of(cls, lattice: Lattice, side: int | None = None) -> BlockGrid:
        """Return the grid of blocks about `side` pixels wide, by default as suits the image's extent.

        In a volume with another size per axis that is the width along the axis with the largest.
        A block is a whole multiple of the storage chunk: its number of cells is a multiple of
        STORAGE_CHUNKS_PER_BLOCK. The grid depends on the lattice and on `side` only, never on the chunks of an
        image.
        """
        if side is None:
            side = _default_side(lattice)
        if side < 1:
            raise ParameterError(f"block is {side}; it must be a positive number of pixels")
        # a volume's block has equally many cells along each axis, so that its halo costs the same along each
        sizes = lattice.size if len(lattice.size) == 2 else (max(lattice.size),) * len(lattice.size)
        per_chunk = (max(1, round(side / (STORAGE_CHUNKS_PER_BLOCK * size))) for size in sizes)
        return cls(lattice, tuple(n * STORAGE_CHUNKS_PER_BLOCK for n in per_chunk))

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of blocks along each axis."""
        return tuple(-(-n // b) for n, b in zip(self.lattice.cells, self.block_cells, strict=True))

    @property
    def storage_chunk(self) -> tuple[int, ...]:
        """The storage chunk in pixels: blocks are whole multiples of it, so that no two blocks share one."""
        return tuple(
            b // STORAGE_CHUNKS_PER_BLOCK * s for b, s in zip(self.block_cells, self.lattice.size, strict=True)
        )

    def __len__(self) -> int:
        return math.prod(self.shape)

    def __getitem__(self, index: tuple[int, ...]) -> Block:
        start = tuple(i * b for i, b in zip(index, self.block_cells, strict=True))
        whole = tuple(a + b for a, b in zip(start, self.block_cells, strict=True))
        stop = tuple(min(b, n) for b, n in zip(whole, self.lattice.cells, strict=True))
        return Block(index, Box(start, stop), self.lattice)

    def __iter__(self) -> Iterator[Block]:
        return (self[index] for index in itertools.product(*map(range, self.shape)))

    def along_curve(self) -> Iterator[Block]:
        """Yield the blocks so that those that follow each other lie side by side, and share what they read."""
        return (self[index] for index in along_hilbert_curve(self.shape))

    def neighbours(self, block: Block, reach: int | Sequence[int]) -> list[Block]:
        """Return the blocks, `block` included, that own a cell within `reach` cells of it, in raster order.

        `reach` is for all axes or for each.
        """
        return self.touching(block.cells_with(reach))

    def touching(self, cells: Box) -> list[Block]:
        """Return the blocks that own a cell of a box of the lattice's cells, in raster order."""
        first = (a // b for a, b in zip(cells.start, self.block_cells, strict=True))
        last = ((a - 1) // b for a, b in zip(cells.stop, self.block_cells, strict=True))
        ranges = (range(a, b + 1) for a, b in zip(first, last, strict=True))
        return [self[index] for index in itertools.product(*ranges)]

    def chunks(self) -> tuple[tuple[int, ...], ...]:
        """Return the blocks' extents in pixels as Dask chunks."""
        edges = []
        for axis, count in enumerate(self.shape):
            side, extent = self.block_cells[axis] * self.lattice.size[axis], self.lattice.shape[axis]
            edges.append(tuple(min(side, extent - i * side) for i in range(count)))
        return tuple(edges)


def total_pixels(grid: BlockGrid, box_of: Callable[[Block], Box]) -> int:
    """Return the summed volumes of a box of each block: along each axis it depends on the index there alone."""
    first = (0,) * len(grid.shape)
    sums = []
    for axis, count in enumerate(grid.shape):
        indices = ((*first[:axis], i, *first[axis + 1 :]) for i in range(count))
        sums.append(sum(box_of(grid[index]).shape[axis] for index in indices))
    return math.prod(sums)


def _default_side(lattice: Lattice) -> int:
    if len(lattice.shape) == 3:
        return VOLUME_BLOCK_SIDE
    return SMALL_BLOCK_SIDE if math.prod(lattice.shape) <= SMALL_IMAGE else BLOCK_SIDE
