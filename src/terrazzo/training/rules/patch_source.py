"""An annotated image that patches are read from: never whole, each side of the split with its own annotation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.blockwise.inputs.windows import Readable, read_window
from terrazzo.memory import MIB
from terrazzo.regions.classes.annotation import NOT_ANNOTATED
from terrazzo.regions.classes.tile_counts import TileCounts
from terrazzo.regions.superpixels.single_precision import single_precision
from terrazzo.training.rules.split_blocks import GAP_CELLS, HeldOut


@dataclass(frozen=True, eq=False)
class PatchSource:
    """An image with its annotation, and what of it is held out.

    Parameters
    ----------
    pixels : Readable, shape (c, y, x) or (c, z, y, x)
    truth : Readable of whole numbers, shape (1, y, x) or (1, z, y, x)
    grid : BlockGrid
        Whose blocks are held out.
    tiles : dict of Block to TileCounts
        Where it is annotated.
    held_out : frozenset of Block
        For validation. Within `GAP_CELLS` cells of them nothing is for training.
    """

    pixels: Readable
    truth: Readable
    grid: BlockGrid
    tiles: dict[Block, TileCounts]
    held_out: HeldOut = frozenset()

    @property
    def extent(self) -> tuple[int, ...]:
        """The image's spatial extent in pixels."""
        return self.grid.lattice.shape

    def tiles_of(self, validation: bool) -> Iterator[tuple[Box, NDArray[np.uint64]]]:
        """Yield the annotated tiles of one side, as boxes of pixels, with their pixels of each class."""
        for block, table in self.tiles.items():
            if validation is (block in self.held_out):
                for start, stop, counts in zip(table.start, table.stop, table.counts, strict=True):
                    cells = Box(tuple(start.tolist()), tuple(stop.tolist()))
                    if validation or not any(cells.overlap(near) for near in self._near(cells)):
                        yield cells.scaled(self.grid.lattice.size, self.extent), counts

    def read_pixels(self, box: Box) -> NDArray[np.float32]:
        """Read a box inside the image, (c, y, x) or (c, z, y, x).

        Raises
        ------
        InputError
            If a pixel is NaN or infinite.
        """
        return single_precision(read_window(self.pixels, box), box)

    def read_truth(self, box: Box, validation: bool) -> NDArray[np.uint8]:
        """Read the annotation of one side in a box inside the image; 255 where it is not that side's."""
        truth = np.array(read_window(self.truth, box)[0], np.uint8)
        if not self.held_out and not validation:
            return truth
        lattice, mine = self.grid.lattice, np.full(truth.shape, not validation)
        cells = _cells(box, lattice.size)
        for block in self.grid.touching(cells.grown(0 if validation else GAP_CELLS, lattice.cells)):
            if block in self.held_out:
                marked = block.core if validation else block.pixels(GAP_CELLS)
                shared = marked.overlap(box)
                if shared is not None:
                    mine[shared.within(box)] = validation
        truth[~mine] = NOT_ANNOTATED
        return truth

    def _near(self, cells: Box) -> Iterator[Box]:
        """Yield the cells that no training tile may touch, of held-out blocks around a tile."""
        for block in self.grid.touching(cells.grown(GAP_CELLS, self.grid.lattice.cells)):
            if block in self.held_out:
                yield block.cells_with(GAP_CELLS)


def _cells(box: Box, size: tuple[int, ...]) -> Box:
    """Return the cells that a box of pixels touches."""
    start = tuple(a // s for a, s in zip(box.start, size, strict=True))
    return Box(start, tuple(-(-b // s) for b, s in zip(box.stop, size, strict=True)))


def padded(array: NDArray[Any], shape: tuple[int, ...], fill: float | None = None) -> NDArray[Any]:
    """Return an array whose last axes are at least `shape`: the last pixel is repeated, or `fill` is set."""
    last = array.shape[-len(shape) :]
    missing = [(0, max(0, wanted - length)) for wanted, length in zip(shape, last, strict=True)]
    if not any(count for _, count in missing):
        return array
    missing = [(0, 0)] * (array.ndim - len(shape)) + missing
    if fill is None:
        return np.pad(array, missing, mode="edge")
    return np.pad(array, missing, constant_values=fill)


MOST_HELD = 256 * MIB


def held(arrays: Iterable[Readable], most: int = MOST_HELD) -> list[Readable]:
    """Return arrays as they are or, wherever there is still room, in memory.

    Parameters
    ----------
    arrays : iterable of Readable
    most : int
        Bytes that those which are read may take together. The others are to be read window by window.
    """
    readable, left = list[Readable](), most
    for array in arrays:
        size = math.prod(array.shape) * array.dtype.itemsize
        if not isinstance(array, np.ndarray) and size <= left:
            array, left = read_window(array, Box((0,) * array.ndim, array.shape)), left - size
        readable.append(array)
    return readable
