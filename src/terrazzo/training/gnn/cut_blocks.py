"""Cut a graph on disk into parts on disk: a block's annotated nodes with the ring that their logits depend on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.io.results.graph_parts import GraphParts
from terrazzo.kernels.superpixels.adjacency import REACH
from terrazzo.regions.classes.tile_counts import TileCounts
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.merge import merge, near_graph, seeded_in
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.graphs.scaling import FeatureMoments
from terrazzo.training.gnn.batches import Part, parts_of
from terrazzo.training.rules.split_blocks import HeldOut, for_training


@dataclass(frozen=True, eq=False)
class StoredGraph:
    """The graph of one annotated image, on disk.

    Parameters
    ----------
    blocks : GraphParts
        What each block owns, under its name.
    parts : GraphParts
        Where its parts for training and validation go.
    grid : BlockGrid
    recipe : Recipe
    counts : dict of Block to TileCounts
        The blocks that are there, in raster order, and where they are annotated.
    """

    blocks: GraphParts
    parts: GraphParts
    grid: BlockGrid
    recipe: Recipe
    counts: dict[Block, TileCounts]


@dataclass(frozen=True, eq=False)
class StoredPart:
    """A `Part` on disk."""

    parts: GraphParts
    name: str
    number_of_nodes: int
    pixels: NDArray[np.float64]

    def read(self) -> Part:
        """The part in memory."""
        graph, counts = self.parts.read(self.name)
        return Part(merge([graph], self.parts.node_columns, self.parts.edge_columns), counts)


@dataclass(frozen=True, eq=False)
class CutBlock:
    """The parts of one block, all for one side, and the moments of the features that are its own.

    A block that is held out has the moments of no node.
    """

    block: Block
    parts: tuple[StoredPart, ...]
    nodes: FeatureMoments
    edges: FeatureMoments


def cut_block(block: Block, stored: StoredGraph, held_out: HeldOut, hops: int, most_nodes: int) -> CutBlock:
    """Write the parts of a block's annotated nodes: those for training are of training nodes only.

    Parameters
    ----------
    block : Block
    stored : StoredGraph
    held_out : HeldOut
        Which blocks are for validation.
    hops : int
        Depth of the network.
    most_nodes : int
        Nodes that a part may have, unless a single one needs more.
    """
    # one hop more than a ring, so that both ends of an edge know whether they are in one
    box = block.cells_with(REACH * (hops + 1))
    graph, targets = _surroundings(block, box, stored)
    own = seeded_in(graph.ids, block.cells, block.lattice)
    mine = np.zeros(len(own), np.bool_)
    if block not in held_out:
        seen = for_training(graph.ids, box, held_out, stored.grid)
        graph, targets, own = graph.subgraph(np.flatnonzero(seen)), NodeTargets(targets.counts[seen]), own[seen]
        mine = np.zeros(len(own), np.bool_)
        mine[graph.ring(np.flatnonzero(targets.annotated), hops)] = True
    parts = parts_of(graph, targets, np.flatnonzero(own), hops=hops, most_nodes=most_nodes)
    low, high = graph.edge_index
    return CutBlock(
        block,
        tuple(_written(parts, stored.parts, block)),
        FeatureMoments.of(graph.node_features[mine & own]),
        FeatureMoments.of(graph.edge_features[(mine & own)[low] & mine[high]]),
    )


def _surroundings(block: Block, box: Box, stored: StoredGraph) -> tuple[RegionGraph, NodeTargets]:
    """Return the graph of a box of cells with its targets."""
    near = [other for other in stored.grid.touching(box) if other in stored.counts]
    read = [stored.blocks.read(other.name) for other in near]
    kept = [seeded_in(part.ids, box, block.lattice) for part, _ in read]
    ids = np.concatenate([part.ids[inside] for (part, _), inside in zip(read, kept, strict=True)])
    counts = np.concatenate([count[inside] for (_, count), inside in zip(read, kept, strict=True)])
    graph = near_graph([part for part, _ in read], box, block.lattice, stored.recipe)
    return graph, NodeTargets(counts[np.argsort(ids)])


def _written(parts: Iterable[Part], to: GraphParts, block: Block) -> Iterable[StoredPart]:
    for number, part in enumerate(parts):
        graph, name = part.graph, f"{block.name}.{number}"
        edges = graph.ids[graph.edge_index]
        owned = BlockGraph(
            graph.ids, graph.positions, graph.areas, graph.node_features, edges, graph.edge_features
        )  # fmt: skip
        to.write(name, owned, part.counts)
        yield StoredPart(to, name, part.number_of_nodes, part.pixels)
