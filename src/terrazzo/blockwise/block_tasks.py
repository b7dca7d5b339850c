"""What a task does with a block: assemble its windows, call the pure functions of the block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.blockwise.masked_block import segment_masked_block
from terrazzo.blockwise.masks import MaskFunction, inside
from terrazzo.blockwise.windows import Window, assemble
from terrazzo.regions.block_graph import LABEL_MARGIN, BlockGraph, block_graph, block_targets, graph_window
from terrazzo.regions.block_labels import BlockLabels, block_labels
from terrazzo.regions.features import FeatureSet
from terrazzo.regions.foreign_graph import foreign_block_graph
from terrazzo.regions.measure import labelled_pixels
from terrazzo.regions.recipe import Recipe
from terrazzo.regions.superpixel_parameters import SuperpixelParameters

Ids = NDArray[np.unsignedinteger[Any]]
# A mask's parts, a function of the pixels, or nothing.
MaskWindow = Window | MaskFunction | None


def labels_of_window(
    window: Window, mask: MaskWindow, block: Block, parameters: SuperpixelParameters, scale: float
) -> Ids:
    """Return the superpixel ids of a block's core."""
    pixels, counted = _assembled(window, mask)
    box = parameters.window(block, margin=0)
    return block_labels(pixels, box, block, parameters, scale=scale, mask=counted).ids


def graph_of_windows(image_window: Window, labels_window: Window, block: Block, features: FeatureSet) -> BlockGraph:
    """Return what a block owns of an image with labels."""
    labels, window = BlockLabels(block.pixels(LABEL_MARGIN), assemble(labels_window), 0), graph_window(block, features)
    mask = labelled_pixels(labels.ids, labels.box, window)
    return block_graph(assemble(image_window), window, labels, block, features, mask)


def foreign_graph_of_windows(
    image_window: Window, labels_window: Window, block: Block, features: FeatureSet, max_extent: tuple[int, ...]
) -> BlockGraph:
    """Return what a block owns of an image with labels from elsewhere."""
    return foreign_block_graph(assemble(image_window), assemble(labels_window), block, max_extent, features)


def segments_of_window(
    window: Window, mask: MaskWindow, block: Block, recipe: Recipe, scale: float
) -> tuple[Ids, BlockGraph]:
    """Return the superpixel ids of a block's core and what the block owns."""
    labels, graph = segment_masked_block(*_assembled(window, mask), block, recipe, scale)
    return labels.cut(block.core), graph


def targets_of_windows(
    window: Window, mask: MaskWindow, annotation: Window, block: Block, recipe: Recipe, scale: float, classes: int
) -> tuple[BlockGraph, NDArray[np.uint32]]:
    """Return what a block owns and the annotated pixels of each class under each of its nodes."""
    labels, graph = segment_masked_block(*_assembled(window, mask), block, recipe, scale)
    return graph, block_targets(assemble(annotation), labels, block, classes)


def _assembled(window: Window, mask: MaskWindow) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    pixels = assemble(window)
    return pixels, inside(assemble(mask) if isinstance(mask, list) else mask, pixels)
