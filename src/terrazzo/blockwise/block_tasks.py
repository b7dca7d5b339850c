"""What a task does with a block: assemble its windows, call the pure functions of the block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.blockwise.windows import assemble
from terrazzo.regions.block_graph import LABEL_MARGIN, BlockGraph, block_graph, block_targets, graph_window
from terrazzo.regions.block_labels import BlockLabels, block_labels
from terrazzo.regions.features import FeatureSet
from terrazzo.regions.recipe import Recipe
from terrazzo.regions.segment_block import segment_block
from terrazzo.regions.superpixel_parameters import SuperpixelParameters

Parts = list[list[NDArray[Any]]]
Ids = NDArray[np.unsignedinteger[Any]]


def labels_of_window(window: Parts, block: Block, parameters: SuperpixelParameters, scale: float) -> Ids:
    """Return the superpixel ids of a block's core."""
    box = parameters.window(block, margin=0)
    return block_labels(assemble(window), box, block, parameters, scale=scale).ids


def graph_of_windows(image_window: Parts, labels_window: Parts, block: Block, features: FeatureSet) -> BlockGraph:
    """Return what a block owns of an image with labels."""
    labels = BlockLabels(block.pixels(LABEL_MARGIN), assemble(labels_window), 0)
    return block_graph(assemble(image_window), graph_window(block, features), labels, block, features)


def segments_of_window(window: Parts, block: Block, recipe: Recipe, scale: float) -> tuple[Ids, BlockGraph]:
    """Return the superpixel ids of a block's core and what the block owns."""
    labels, graph = segment_block(assemble(window), block, recipe, scale)
    return labels.cut(block.core), graph


def targets_of_windows(
    window: Parts, annotation: Parts, block: Block, recipe: Recipe, scale: float, classes: int
) -> tuple[BlockGraph, NDArray[np.uint32]]:
    """Return what a block owns and the annotated pixels of each class under each of its nodes."""
    labels, graph = segment_block(assemble(window), block, recipe, scale)
    return graph, block_targets(assemble(annotation), labels, block, classes)
