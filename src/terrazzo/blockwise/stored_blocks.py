"""What a task does with a block of a stored image: read its own window, compute, write."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from terrazzo.blocks import Block
from terrazzo.blockwise.masked_block import is_outside, nothing, segment_masked_block
from terrazzo.blockwise.masks import Mask, inside, read_mask
from terrazzo.io.result import Result
from terrazzo.io.stored_array import StoredArray
from terrazzo.regions.recipe import Recipe


@dataclass(frozen=True)
class Counts:
    """What one block adds to the report.

    Parameters
    ----------
    pixels : int
        Pixels of the core.
    nodes, edges : int
        Rows that the block owns.
    unadopted : int
        Pixels that are cut off from their superpixel.
    """

    pixels: int
    nodes: int
    edges: int
    unadopted: int

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.pixels + other.pixels,
            self.nodes + other.nodes,
            self.edges + other.edges,
            self.unadopted + other.unadopted,
        )


def segment_stored_block(
    block: Block, image: StoredArray, mask: Mask, recipe: Recipe, scale: float, result: Result
) -> Counts:
    """Write a block's superpixels, nodes and edges; where a mask array leaves nothing, the image is not read."""
    window = recipe.window(block)
    counted = read_mask(mask, window)
    if isinstance(counted, np.ndarray) and is_outside(counted, block, recipe):
        labels, graph = nothing(block, recipe)
    else:
        pixels = image[(slice(None), *window.slices)]
        labels, graph = segment_masked_block(pixels, inside(counted, pixels), block, recipe, scale)
    ids = labels.cut(block.core)
    result.write_segments(block, ids, graph)
    return Counts(ids.size, graph.ids.size, graph.edges.shape[1], labels.unadopted)
