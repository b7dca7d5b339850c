"""How many pixels do all blocks of an image assign to superpixels? More than it has, because blocks overlap."""

from __future__ import annotations

from terrazzo.blocks import Block, BlockGrid, Box, total_pixels
from terrazzo.kernels.superpixels.connectivity import ADOPTION_CELLS
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters


def pixels_computed(grid: BlockGrid, parameters: SuperpixelParameters) -> float:
    """Return the pixels that all blocks assign to superpixels together, as the mean of the iterations."""

    def of_iteration(iteration: int) -> int:
        return total_pixels(grid, lambda block: assigned(block, parameters, iteration))

    return sum(map(of_iteration, range(1, parameters.iterations + 1))) / parameters.iterations


def assigned(block: Block, parameters: SuperpixelParameters, iteration: int) -> Box:
    """Return the pixels that a block assigns in an iteration: those on which what it keeps still depends."""
    around = parameters.iterations - iteration + LABEL_MARGIN + ADOPTION_CELLS + 1
    spans = zip(block.core.start, block.core.stop, block.lattice.size, block.lattice.shape, strict=True)
    start, stop = zip(
        *((max(0, a - (around + 1) * s + s // 2), min(n, b + around * s + s // 2)) for a, b, s, n in spans), strict=True
    )
    return Box(start, stop)
