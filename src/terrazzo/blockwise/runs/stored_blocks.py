"""What a task does with a block of a stored image: read its own window, compute, write."""

from __future__ import annotations

import numpy as np

from terrazzo.blocks import Block
from terrazzo.blockwise.inputs.masks import Mask, inside, read_mask
from terrazzo.io.failures import about
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.results.result import Result
from terrazzo.regions.graphs.masked_block import is_outside, nothing, segment_masked_block
from terrazzo.regions.graphs.recipe import Recipe


def segment_stored_block(
    block: Block, result: Result, image: StoredArray, mask: Mask, recipe: Recipe, scale: float
) -> None:
    """Write a block's superpixels, nodes and edges; where a mask array leaves nothing, the image is not read."""
    window = recipe.window(block)
    counted = read_mask(mask, window)
    if isinstance(counted, np.ndarray) and is_outside(counted, block, recipe):
        labels, graph = nothing(block, recipe)
    else:
        pixels = image[(slice(None), *window.slices)]
        with about(image.path):
            labels, graph = segment_masked_block(pixels, inside(counted, pixels), block, recipe, scale)
    result.write_segments(block, labels.cut(block.core), graph, labels.unadopted)


def write_levels(tile: Block, result: Result, step: int) -> None:
    """Write the coarser levels of a result inside a tile."""
    result.write_levels(tile, step)
