"""What the tasks of a lazy image read: for each block a window of the image and one of the mask, and the scale."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dask.array as da
from dask.base import tokenize
from dask.delayed import Delayed

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.blockwise.masks import Mask
from terrazzo.blockwise.scale import lazy_scale
from terrazzo.blockwise.windows import Window, window_tasks
from terrazzo.regions.compared_channels import check_channels
from terrazzo.regions.superpixel_parameters import SuperpixelParameters


@dataclass(frozen=True, eq=False)
class BlockInputs:
    """The parts of a Dask graph that stand before the blocks' own tasks.

    Parameters
    ----------
    token : str
        Differs where the inputs differ.
    tasks : dict
        What cuts the windows.
    blocks : list of Block
    windows : list of Window
        The image's pixels of each block.
    masks : list
        For each block a window of the mask, or what is a task's argument in its place: a key of the function, or None.
    scale : Delayed
        The intensity scale; tasks take its key.
    sources : list
        The collections that the tasks build on.
    """

    token: str
    tasks: dict[Any, Any]
    blocks: list[Block]
    windows: list[Window]
    masks: list[Any]
    scale: Delayed
    sources: list[Any]

    def __iter__(self) -> Iterator[tuple[Block, Window, Any]]:
        return zip(self.blocks, self.windows, self.masks, strict=True)


def block_inputs(
    array: da.Array,
    mask: Mask,
    parameters: SuperpixelParameters,
    grid: BlockGrid,
    window_of: Callable[[Block], Box],
    blocks: Sequence[Block] | None = None,
) -> BlockInputs:
    """Return what the blocks of an image need, each in the window that `window_of` gives; nothing is computed.

    Without `blocks` they are all of the grid.

    Raises
    ------
    InputError, ParameterError
        If the image has no such colour, or another number of channels than there are weights.
    """
    check_channels(array.shape[0], array.dtype, parameters)
    blocks = list(grid if blocks is None else blocks)
    boxes = [window_of(block) for block in blocks]
    source = array.rechunk((-1, *grid.chunks()))
    scale = lazy_scale(array, parameters, mask)
    token = tokenize(source.name, mask, parameters, grid, [block.index for block in blocks])
    sources = [source, scale]
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
    return BlockInputs(token, tasks, blocks, windows, masks, scale, sources)
