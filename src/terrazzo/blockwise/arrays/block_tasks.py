"""What a task does with a block: assemble its windows, call the pure functions of the block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.blockwise.inputs.masks import MaskFunction, inside
from terrazzo.blockwise.inputs.windows import Window, assemble
from terrazzo.regions.graphs.block_graph import BlockGraph, block_graph, block_targets, graph_window
from terrazzo.regions.graphs.foreign_graph import foreign_block_graph
from terrazzo.regions.graphs.masked_block import empty_graph
from terrazzo.regions.graphs.measure import labelled_pixels
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.features import FeatureSet
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN, BlockLabels, block_labels
from terrazzo.regions.superpixels.label_rim import LabelRim, surrounded
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

Ids = NDArray[np.unsignedinteger[Any]]
# A mask's parts, a function of the pixels, or nothing.
MaskWindow = Window | MaskFunction | None


def labels_of_window(
    window: Window, mask: MaskWindow, box: Box, block: Block, parameters: SuperpixelParameters, scale: float
) -> Ids:
    """Return the superpixel ids of a block's core, from a window that lies at `box`."""
    pixels, counted = _assembled(window, mask)
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


def graph_of_labels(
    window: Window, mask: MaskWindow, box: Box, ids: Ids, rims: list[LabelRim], block: Block, recipe: Recipe
) -> BlockGraph:
    """Return what a block owns, from a window that lies at `box`, its own labels and the rims of those around."""
    labels = surrounded(ids, block, rims)
    if not labels.ids.any():
        return empty_graph(block.lattice, recipe)
    pixels, counted = _assembled(window, mask)
    return block_graph(pixels, box, labels, block, recipe.features, counted)


def targets_of_labels(
    annotation: Window, ids: Ids, rims: list[LabelRim], block: Block, classes: int
) -> NDArray[np.uint32]:
    """Return the annotated pixels of each class under each node that a block owns."""
    return block_targets(assemble(annotation), surrounded(ids, block, rims), block, classes)


def _assembled(window: Window, mask: MaskWindow) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    pixels = assemble(window)
    return pixels, inside(assemble(mask) if isinstance(mask, list) else mask, pixels)
