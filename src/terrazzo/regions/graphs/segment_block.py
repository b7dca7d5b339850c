"""The composition of a block's two pure functions: image -> labels, nodes and edges."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.regions.graphs.block_graph import BlockGraph, block_graph
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN, BlockLabels, block_labels


def segment_block(
    image: NDArray[Any], block: Block, recipe: Recipe, scale: float, mask: NDArray[np.bool_] | None = None
) -> tuple[BlockLabels, BlockGraph]:
    """Return a block's labels, with one cell around, and the nodes and edges that it owns.

    Parameters
    ----------
    image : ndarray, shape (c, y, x) or (c, z, y, x)
        The pixels of `recipe.window(block)`.
    block : Block
        Which block.
    recipe : Recipe
        How superpixels and features are made.
    scale : float
        The intensity difference that counts as 1.
    mask : ndarray of bool, shape (y, x) or (z, y, x), optional
        On the same pixels; False is no superpixel.
    """
    window = recipe.window(block)
    labels = block_labels(image, window, block, recipe.superpixels, scale=scale, margin=LABEL_MARGIN, mask=mask)
    return labels, block_graph(image, window, labels, block, recipe.features, mask)
