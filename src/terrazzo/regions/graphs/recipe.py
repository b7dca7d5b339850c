"""How an image becomes a graph: superpixel parameters, feature set and number of channels, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field

from terrazzo.blocks import Block, Box
from terrazzo.regions.graphs.block_graph import edge_columns, graph_window
from terrazzo.regions.statistics.features import DEFAULT_FEATURES
from terrazzo.regions.statistics.statistic import FeatureSet, column_names
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN
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
