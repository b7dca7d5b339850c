"""Segment a block under a mask; where the mask leaves nothing, at no cost."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.lattice import Lattice
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.segment_block import segment_block
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN, BlockLabels


def segment_masked_block(
    pixels: NDArray[Any], mask: NDArray[np.bool_] | None, block: Block, recipe: Recipe, scale: float
) -> tuple[BlockLabels, BlockGraph]:
    """Return a block's labels, with one cell around, and what it owns; see `segment_block`."""
    if is_outside(mask, block, recipe):
        return nothing(block, recipe)
    return segment_block(pixels, block, recipe, scale, mask)


def is_outside(mask: NDArray[np.bool_] | None, block: Block, recipe: Recipe) -> bool:
    """Return whether no pixel that a block's labels are asked for is inside a mask of `recipe.window(block)`."""
    return mask is not None and not mask[block.pixels(LABEL_MARGIN).within(recipe.window(block))].any()


def nothing(block: Block, recipe: Recipe) -> tuple[BlockLabels, BlockGraph]:
    """Return the labels and the graph of a block without superpixels."""
    box = block.pixels(LABEL_MARGIN)
    return BlockLabels(box, np.zeros(box.shape, block.lattice.dtype), 0), empty_graph(block.lattice, recipe)


def empty_graph(lattice: Lattice, recipe: Recipe) -> BlockGraph:
    """Return what a block without superpixels owns."""
    return BlockGraph(
        np.empty(0, lattice.dtype),
        np.empty((0, len(lattice.shape)), np.float64),
        np.empty(0, np.uint32),
        np.empty((0, len(recipe.node_columns)), np.float32),
        np.empty((2, 0), lattice.dtype),
        np.empty((0, len(recipe.edge_columns)), np.float32),
    )
