"""In which blocks does a U-Net work, and which pixels does it read for each? Whole strides: integers alone."""

from __future__ import annotations

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.lattice import Lattice
from terrazzo.models.unet.description import UNetDescription
from terrazzo.models.unet.receptive_field import halo

# In pixels: a network with 16 channels at the image's resolution holds about 0.5 GB for such a block.
BLOCK_SIDE = {2: 1024, 3: 128}


def pixel_grid(description: UNetDescription, extent: tuple[int, ...], side: int | None = None) -> BlockGrid:
    """Return the blocks of an image for a U-Net: of whole strides, about `side` pixels wide.

    A cell of the grid's lattice is one stride, at least 2 pixels.
    """
    cell = tuple(max(2, stride) for stride in description.stride)
    return BlockGrid.of(Lattice(extent, cell), BLOCK_SIDE[len(extent)] if side is None else side)


def pixel_window(description: UNetDescription, block: Block) -> Box:
    """Return the pixels that the classes of a block's core depend on: whole strides, clipped to the image."""
    lattice = block.lattice
    margins = tuple(-(-reach // size) for reach, size in zip(halo(description), lattice.size, strict=True))
    return block.cells.grown(margins, lattice.cells).scaled(lattice.size, lattice.shape)
