"""What the tasks of a lazy image read: for each block a window of the image and one of the mask."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import dask.array as da
from dask.base import tokenize

from terrazzo.blocks import Block, BlockGrid, Box, total_pixels
from terrazzo.blockwise.inputs.masks import Mask
from terrazzo.blockwise.inputs.windows import Window, window_tasks


@dataclass(frozen=True, eq=False)
class BlockInputs:
    """The parts of a Dask graph that stand before the blocks' own tasks.

    Parameters
    ----------
    token : str
        Differs where image, mask or grid differ; the windows have no say.
    tasks : dict
        What cuts the windows; equal windows of equal inputs have equal keys.
    blocks : list of Block
    boxes : list of Box
        Where the windows lie.
    windows : list of Window
        The image's pixels of each block.
    masks : list
        For each block a window of the mask, or what is a task's argument in its place: a key of the function, or None.
    sources : list
        The collections that the tasks build on.
    """

    token: str
    tasks: dict[Any, Any]
    blocks: list[Block]
    boxes: list[Box]
    windows: list[Window]
    masks: list[Any]
    sources: list[Any]

    def __iter__(self) -> Iterator[tuple[Block, Box, Window, Any]]:
        return zip(self.blocks, self.boxes, self.windows, self.masks, strict=True)


def block_inputs(array: da.Array, mask: Mask, grid: BlockGrid, window_of: Callable[[Block], Box]) -> BlockInputs:
    """Return what the blocks of an image need, each in the window that `window_of` gives; nothing is computed."""
    blocks = list(grid)
    boxes = [window_of(block) for block in blocks]
    leading = (-1,) * (array.ndim - len(grid.shape))
    source = array.rechunk((*leading, *grid.chunks()))
    token = tokenize(source.name, mask, grid)
    sources = [source]
    tasks, windows = window_tasks(source, boxes, f"window-{token}")
    masks: list[Any] = [None] * len(blocks)
    if isinstance(mask, da.Array):
        mask_source = mask.rechunk(grid.chunks())
        more, masks = window_tasks(mask_source, boxes, f"mask-{token}")
        tasks |= more
        sources.append(mask_source)
    elif mask is not None:
        key = f"mask-{token}"
        tasks[key], masks = mask, [key] * len(blocks)
    return BlockInputs(token, tasks, blocks, boxes, windows, masks, sources)


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
