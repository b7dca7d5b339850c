"""In which blocks are the filter responses of an image's pixels computed, and which pixels are read for each?"""

from __future__ import annotations

from terrazzo.blocks import STORAGE_CHUNKS_PER_BLOCK, Block, BlockGrid, Box
from terrazzo.lattice import Lattice
from terrazzo.regions.statistics.filter_bank import bank_window

# A cell in pixels along (z, y, x); blocks of these many cells along z, and so many pixels wide along y and x.
CELL, SECTIONS, SIDE = (2, 16, 16), 8, 512


def response_grid(extent: tuple[int, ...], side: int | None = None) -> BlockGrid:
    """Return the blocks of an image, about `side` pixels wide; those of a volume are 16 sections deep."""
    cell = CELL[-len(extent) :]
    lattice = Lattice(extent, cell)
    if len(extent) == 2:
        return BlockGrid.of(lattice, SIDE if side is None else side)
    wide = max(1, round((side or SIDE) / (STORAGE_CHUNKS_PER_BLOCK * cell[-1]))) * STORAGE_CHUNKS_PER_BLOCK
    return BlockGrid(lattice, (SECTIONS, wide, wide))


def response_window(block: Block) -> Box:
    """Return the pixels that the responses on a block's core depend on."""
    return bank_window(block.core, block.lattice.shape)
