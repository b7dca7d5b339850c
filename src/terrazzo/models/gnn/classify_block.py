"""Label a block's superpixels from the graph around it, and paint them: inference streams."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.kernels.superpixels.ids import cells_of, paint
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, in_8_bits
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.merge import near_graph, seeded_in
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph

Probabilities = Callable[[RegionGraph], NDArray[np.float32]]

# A pixel of the core may belong to a superpixel that is seeded one cell outside.
PAINT_MARGIN = 1


@dataclass(frozen=True, eq=False)
class NodeClasses:
    """The probabilities of some superpixels.

    Parameters
    ----------
    ids : ndarray of unsigned int, shape (N,)
        Ascending.
    probabilities : ndarray of float32, shape (N, C)
    """

    ids: NDArray[np.unsignedinteger[Any]]
    probabilities: NDArray[np.float32]

    @property
    def classes(self) -> NDArray[np.uint8]:
        """The most probable class of each; ties go to the lowest."""
        highest: NDArray[np.uint8] = self.probabilities.argmax(axis=1).astype(np.uint8)
        return highest


def cells_needed(reach: int) -> int:
    """Return how many cells around a block own nodes that the classes of its pixels depend on.

    Parameters
    ----------
    reach : int
        How many cells away a superpixel may be seeded on which another one's logits depend.
    """
    return PAINT_MARGIN + reach


def classify_nodes(
    block: Block, parts: Sequence[BlockGraph], recipe: Recipe, cells: int, probabilities: Probabilities
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
    cells : int
        `cells_needed` by the network.
    probabilities : callable
        Gives the probability of each class at each node of a RegionGraph, shape (N, C).
    """
    graph = near_graph(parts, block.cells_with(cells), block.lattice, recipe)
    own = seeded_in(graph.ids, block.cells_with(PAINT_MARGIN), block.lattice)
    return NodeClasses(graph.ids[own], probabilities(graph)[own])


def paint_classes(ids: NDArray[np.unsignedinteger[Any]], block: Block, nodes: NodeClasses) -> NDArray[np.uint8]:
    """Return the class of each pixel of a block's core, of the shape of its superpixels' `ids`."""
    return next(_painted(ids, block, nodes.ids, [nodes.classes], NOT_ANNOTATED))


def paint_probabilities(
    ids: NDArray[np.unsignedinteger[Any]], block: Block, nodes: NodeClasses
) -> Iterator[NDArray[np.uint8]]:
    """Yield for each class its probability at each pixel of a block's core, in 8 bits; 0 where no superpixel is."""
    return _painted(ids, block, nodes.ids, in_8_bits(nodes.probabilities).T, 0)


def _painted(
    ids: NDArray[np.unsignedinteger[Any]],
    block: Block,
    named_ids: NDArray[np.unsignedinteger[Any]],
    columns: Iterable[NDArray[np.uint8]],
    empty: int,
) -> Iterator[NDArray[np.uint8]]:
    """Yield an image of a block's core for each column of values of the superpixels `named_ids`."""
    volume = block.as_volume
    lattice, core, named = volume.lattice, volume.core, volume.cells_with(PAINT_MARGIN)
    numbered = ids.reshape(core.shape)
    cells, _ = cells_of(numbered, lattice.cells, core.start, lattice.size, named.start, named.shape)
    places = tuple((lattice.cells_of(named_ids) - named.start).T)
    for column in columns:
        values = np.full(named.shape, empty, np.uint8)
        values[places] = column
        yield paint(cells, values.ravel(), empty).reshape(ids.shape)
