"""How much of an image is read and computed more than once, because blocks overlap. Integers, no pixel is read."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import cache

from terrazzo.blocks import Block, BlockGrid, Box, total_pixels

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


@cache
def _say_once(sentence: str) -> None:
    _log.warning(sentence)
