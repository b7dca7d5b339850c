"""In which blocks does a U-Net work, and which pixels does it read for each? Whole strides: integers alone."""

from __future__ import annotations

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.lattice import Lattice
from terrazzo.models.unet.description import Level, UNetDescription

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


Span = tuple[int, int]


def pixels_needed(description: UNetDescription, axis: int, start: int, stop: int) -> Span:
    """Return the pixels, first and one after the last, that the outputs `start..stop` along an axis depend on.

    Zeros around the image are no pixels: the span may reach outside it. It depends on where `start` and `stop` lie
    within the stride.
    """
    beyond = _beyond(description, axis)
    start, stop, spans = start - beyond, stop + beyond, []
    for level in reversed(description.up.levels):
        start, stop = _convolved(level, axis, start, stop)
        spans.append((start, stop))
        start, stop = start // level.factor[axis], -(-stop // level.factor[axis])
    spans.append((start, stop))
    for level, (first, last) in zip(reversed(description.down.levels), reversed(spans), strict=True):
        start, stop = _convolved(level, axis, min(start, first), max(stop, last))
        start, stop = start * level.factor[axis], stop * level.factor[axis]
    return start, stop


def halo(description: UNetDescription) -> tuple[int, ...]:
    """Return how far along each axis a box of whole strides looks beyond itself, in pixels."""
    spans = (pixels_needed(description, axis, 0, stride) for axis, stride in enumerate(description.stride))
    return tuple(max(-start, stop - stride) for (start, stop), stride in zip(spans, description.stride, strict=True))


def _convolved(level: Level, axis: int, start: int, stop: int) -> Span:
    """Return what a level's convolutions read for `start..stop`."""
    radius = sum(convolution.radius[axis] for convolution in level.convolutions)
    return start - radius, stop + radius


def _beyond(description: UNetDescription, axis: int) -> int:
    """Return how far what comes after the way up reads around a pixel, along an axis."""
    pyramid = 0 if description.pyramid is None else description.pyramid.radius(axis)
    crf = 0 if description.crf is None else description.crf.steps * description.crf.radius[axis]
    return pyramid + crf
