"""What the task holds that labels a block's superpixels and paints them: the stages that it goes through."""

from __future__ import annotations

import math
from dataclasses import dataclass

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.memory import EDGES_PER_NODE, WRITING, Reading, table_bytes, with_slack
from terrazzo.models.gnn.classify_block import cells_needed
from terrazzo.models.gnn.network import GraphConfig
from terrazzo.models.gnn.undirected import GNNConfig
from terrazzo.regions.graphs.recipe import Recipe

Network = GraphConfig | GNNConfig


def classify_task(network: Network, recipe: Recipe, block: Block, grid: BlockGrid, reading: Reading) -> ClassifyTask:
    """Return what labelling and painting a block by a network takes."""
    reach = cells_needed(network.reach(recipe.superpixels.size))
    return ClassifyTask(
        axes=len(block.index),
        id_itemsize=block.lattice.dtype.itemsize,
        core=_volume(block.core),
        nodes=_volume(block.cells),
        read_nodes=sum(_volume(near.cells) for near in grid.neighbours(block, reach)),
        near_nodes=_volume(block.cells_with(reach)),
        node_columns=len(recipe.node_columns),
        edge_columns=len(recipe.edge_columns),
        floats=network.floats_per_node,
        classes=network.classes,
        probabilities=reading.probabilities,
        field=isinstance(network, GraphConfig) and network.settings.crf_steps > 0,
    )


def classify_bytes(block: Block, grid: BlockGrid, reading: Reading, network: Network, recipe: Recipe) -> int:
    """Return the bytes that labelling and painting a block holds at its peak."""
    return classify_task(network, recipe, block, grid, reading).bytes


@dataclass(frozen=True)
class ClassifyTask:
    """What the task holds that labels a block's superpixels and paints them.

    The task that writes coarser levels holds less: the ids of a tile, which has as many pixels as a block, twice.

    Parameters
    ----------
    axes, id_itemsize : int
        2 or 3; bytes of a superpixel's id.
    core, nodes : int
        Pixels that the block keeps; superpixels that it owns.
    node_columns, edge_columns : int
        Numbers per node and per edge.
    read_nodes : int
        Superpixels of all blocks whose tables are read.
    near_nodes : int
        Those of them that the block's classes depend on.
    floats, classes : int
        Of the network: numbers that it holds at once of a superpixel, and classes.
    probabilities : bool
        Whether an image of each class's probability is painted.
    field : bool
        Whether a conditional random field looks at the edges.
    """

    axes: int
    id_itemsize: int
    core: int
    nodes: int
    read_nodes: int
    near_nodes: int
    node_columns: int
    edge_columns: int
    floats: int
    classes: int
    probabilities: bool = False
    field: bool = False

    @property
    def stages(self) -> dict[str, int]:
        """The bytes of each stage."""
        ids = self.core * self.id_itemsize
        read, near = self._tables(self.read_nodes), self._tables(self.near_nodes)
        return {
            "read": 2 * ids + read + self._tables(self.nodes),
            "merge": ids + read + 3 * near + 24 * self._edges(self.near_nodes),
            "network": ids + read + 2 * near + self._network,
            "paint": ids + read + self.core * (4 + 1 + 2 * self.probabilities),
            "write": ids + read + self.core * 2 + WRITING * (self._tables(self.nodes) + 4 * self.classes * self.nodes),
        }

    @property
    def bytes(self) -> int:
        """The bytes of the largest stage, with what allocators keep."""
        return with_slack(self.stages)

    @property
    def _network(self) -> int:
        """The ends of its edges, the graph in three sparse formats, scaled features, the activations of one layer."""
        nodes, directed = self.near_nodes, 2 * self._edges(self.near_nodes)
        graph = directed * (16 + 3 * 16 + 8 * self.edge_columns)
        field = directed * 4 * (26 * 2 + 2 + self.edge_columns + 2 * self.classes) if self.field else 0
        return graph + field + 2 * 4 * self.node_columns * nodes + 4 * self.floats * nodes

    def _edges(self, nodes: int) -> int:
        return EDGES_PER_NODE[self.axes] * nodes

    def _tables(self, nodes: int) -> int:
        edges = self._edges(nodes)
        return table_bytes(nodes, edges, self.axes, self.id_itemsize, self.node_columns, self.edge_columns)


def _volume(box: Box) -> int:
    return math.prod(box.shape)
