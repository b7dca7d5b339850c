"""What a task does with a block: assemble its window, call the pure functions of the block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.blockwise.windows import assemble
from terrazzo.regions.block_graph import LABEL_MARGIN, BlockGraph, block_graph, graph_window
from terrazzo.regions.block_labels import BlockLabels, block_labels
from terrazzo.regions.features import FeatureSet
from terrazzo.regions.superpixel_parameters import SuperpixelParameters

Parts = list[list[NDArray[Any]]]


def labels_of_window(
    window: Parts, block: Block, parameters: SuperpixelParameters, scale: float
) -> NDArray[np.unsignedinteger[Any]]:
    """Return the superpixel ids of a block's core from the parts of its window."""
    image = assemble(window)
    box = parameters.window(block, margin=0)
    return block_labels(image, box, block, parameters, scale=scale).ids


def segment_window(block: Block, parameters: SuperpixelParameters, features: FeatureSet) -> Box:
    """Return the pixels that a block's labels, nodes and edges depend on."""
    return parameters.window(block, LABEL_MARGIN).hull(graph_window(block, features))


def segment_block(
    image: NDArray[Any], block: Block, parameters: SuperpixelParameters, features: FeatureSet, scale: float
) -> tuple[BlockLabels, BlockGraph]:
    """Return a block's labels, with one cell around, and what it owns: the composition of both functions."""
    window = segment_window(block, parameters, features)
    labels = block_labels(image, window, block, parameters, scale=scale, margin=LABEL_MARGIN)
    return labels, block_graph(image, window, labels, block, features)


def graph_of_windows(
    image_window: Parts, labels_window: Parts, block: Block, features: FeatureSet
) -> BlockGraph:
    """Return what a block owns from the parts of its image and labels windows."""
    labels = BlockLabels(block.pixels(LABEL_MARGIN), assemble(labels_window), 0)
    return block_graph(assemble(image_window), graph_window(block, features), labels, block, features)
