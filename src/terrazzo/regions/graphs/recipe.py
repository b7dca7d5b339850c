"""How an image becomes a graph: superpixel parameters, feature set and number of channels, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.regions.graphs.block_graph import BlockGraph, block_graph, edge_columns, graph_window
from terrazzo.regions.statistics.features import DEFAULT_FEATURES
from terrazzo.regions.statistics.statistic import FeatureSet, column_names
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN, BlockLabels, block_labels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters


@dataclass(frozen=True)
class Recipe:
    """What has to be the same where a model is fitted and where it is applied.

    Parameters
    ----------
    channels : int
        The image's number of channels.
    superpixels : SuperpixelParameters
        How superpixels are made.
    features : tuple of Statistic
        What is measured on each of them.
    """

    channels: int
    superpixels: SuperpixelParameters = field(default_factory=SuperpixelParameters)
    features: FeatureSet = DEFAULT_FEATURES

    @property
    def node_columns(self) -> tuple[str, ...]:
        """The names of the node features."""
        return column_names(self.features, self.channels)

    @property
    def edge_columns(self) -> tuple[str, ...]:
        """The names of the edge features."""
        return edge_columns(self.channels, len(self.superpixels.size))

    def window(self, block: Block) -> Box:
        """Return the pixels that a block's labels (with one cell around), nodes and edges depend on."""
        return self.superpixels.window(block, LABEL_MARGIN).hull(graph_window(block, self.features))


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
