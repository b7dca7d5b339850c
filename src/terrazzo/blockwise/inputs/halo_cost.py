"""How much of an image is read and computed more than once, because blocks overlap. Integers, no pixel is read."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import cache

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.kernels.superpixels.connectivity import ADOPTION_CELLS
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

_log = logging.getLogger(__name__)

# Blocks that read the image more often than this get a warning; those of the defaults read it at most 5 times.
DWARFING = 10


def warn_of_halo(grid: BlockGrid, window_of: Callable[[Block], Box]) -> None:
    """Log one line if blocks are so small that what they read around themselves dwarfs them."""
    times = total_pixels(grid, window_of) / math.prod(grid.lattice.shape)
    if times > DWARFING:
        block = tuple(cells * size for cells, size in zip(grid.block_cells, grid.lattice.size, strict=True))
        _say_once(
            f"blocks of {' x '.join(map(str, block))} pixels read the image {times:.0f} times, because each needs the "
            f"pixels around it; a larger one, such as block={4 * max(block)}, gives the same in less time"
        )


def pixels_read(grid: BlockGrid, recipe: Recipe) -> int:
    """Return the pixels that all blocks read together."""
    return total_pixels(grid, recipe.window)


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


def total_pixels(grid: BlockGrid, box_of: Callable[[Block], Box]) -> int:
    """Return the summed volumes of a box of each block: along each axis it depends on the index there alone."""
    first = (0,) * len(grid.shape)
    sums = []
    for axis, count in enumerate(grid.shape):
        indices = ((*first[:axis], i, *first[axis + 1 :]) for i in range(count))
        sums.append(sum(box_of(grid[index]).shape[axis] for index in indices))
    return math.prod(sums)


@cache
def _say_once(sentence: str) -> None:
    _log.warning(sentence)
