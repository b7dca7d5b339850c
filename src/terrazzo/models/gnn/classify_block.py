"""Label a block's superpixels from the graph around it: inference streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.models.passes.node_classes import PAINT_MARGIN, NodeClasses
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.merge import near_graph, seeded_in
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph

Probabilities = Callable[[RegionGraph], NDArray[np.float32]]


def cells_needed(reach: tuple[int, ...]) -> tuple[int, ...]:
    """Return how many cells around a block, along each axis, own nodes that the classes of its pixels depend on.

    Parameters
    ----------
    reach : tuple of int
        How many cells away a superpixel may be seeded on which another one's logits depend.
    """
    return tuple(PAINT_MARGIN + along for along in reach)


def classify_nodes(
    block: Block, parts: Sequence[BlockGraph], recipe: Recipe, cells: Sequence[int], probabilities: Probabilities
) -> NodeClasses:
    """Return the classes of the superpixels that can reach into a block's core.

    Parameters
    ----------
    block : Block
        Which block.
    parts : sequence of BlockGraph
        What the blocks own that have cells within `cells` of the block.
    recipe : Recipe
        What the parts were made by.
    cells : sequence of int
        `cells_needed` by the network.
    probabilities : callable
        Gives the probability of each class at each node of a RegionGraph, shape (N, C).
    """
    graph = near_graph(parts, block.cells_with(cells), block.lattice, recipe)
    own = seeded_in(graph.ids, block.cells_with(PAINT_MARGIN), block.lattice)
    return NodeClasses(graph.ids[own], probabilities(graph)[own])
