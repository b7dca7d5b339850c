"""The embedding and the domain of a block's superpixels, from the rows of the superpixels around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.kernels.superpixels.adjacency import REACH
from terrazzo.lattice import Lattice
from terrazzo.ledger import stage
from terrazzo.models.nested.clusters import Clusters
from terrazzo.models.nested.majority import CELLS_ASKED, votes_on_lattice
from terrazzo.models.nested.network import NestedNetwork, Prepared
from terrazzo.models.nested.settings import NestedSettings
from terrazzo.models.passes.node_classes import PAINT_MARGIN, NodeClasses
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.merge import near_graph, seeded_in
from terrazzo.regions.graphs.nested_graph import NestedGraph
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.graphs.scaling import Scaling


@dataclass(frozen=True)
class Reach:
    """How far around a block things are needed, in cells.

    Parameters
    ----------
    settings : NestedSettings
    axes : int
    """

    settings: NestedSettings
    axes: int

    @property
    def domains(self) -> int:
        """Whose own domains are needed: those that are asked by superpixels that reach into the block."""
        return PAINT_MARGIN + (CELLS_ASKED[self.axes] if self.settings.nearest else 0)

    @property
    def inner(self) -> int:
        """Whose channels are needed, as their inner graphs leave them: neighbours of those."""
        return self.domains + REACH

    @property
    def cells(self) -> int:
        """Whose rows are needed: neighbours of those in turn, which are counted, and all of their regions."""
        return self.inner + max(REACH, self.settings.region - 1)


def regions_of_cells(cells: NDArray[np.int64], lattice: Lattice, side: int) -> NDArray[np.int64]:
    """Return the region that cells are in, by its place in the raster of regions, which stand on the whole lattice."""
    shape = tuple(-(-count // side) for count in lattice.cells)
    places: NDArray[np.int64] = np.ravel_multi_index(tuple((cells // side).T), shape).astype(np.int64)
    return places


def nested_graph(
    graph: RegionGraph,
    lattice: Lattice,
    scaling: Scaling,
    columns: Sequence[int],
    settings: NestedSettings,
    inner: Box,
) -> NestedGraph:
    """Return superpixels with the graphs of channels of the regions that have cells in a box.

    Parameters
    ----------
    graph : RegionGraph
        All superpixels of these regions, and all neighbours of superpixels in the box.
    lattice : Lattice
    scaling : Scaling
        Of the channels.
    columns : sequence of int
        Which node features the channels are.
    settings : NestedSettings
        With a `k`.
    inner : Box
        Cells. Superpixels outside have no inner graph, and their embedding is of no use.
    """
    side, extent = settings.region, lattice.cells
    whole = Box(
        inner.aligned(side).start, tuple(min(n, b + -b % side) for b, n in zip(inner.stop, extent, strict=True))
    )
    cells = lattice.cells_of(graph.ids)
    found = regions_of_cells(cells, lattice, side)
    known = seeded_in(graph.ids, whole, lattice)
    regions = np.full(len(found), -1, np.int64)
    regions[known] = np.unique(found[known], return_inverse=True)[1]
    values = scaling.nodes(graph.node_features[:, columns])
    whole_regions = NestedGraph.of(values, graph.edge_index, regions, settings.k or 0.0, bool(settings.centred))
    asked = np.where(seeded_in(graph.ids, inner, lattice), regions, -1)
    return NestedGraph(values, graph.edge_index, asked, whole_regions.inner)


@dataclass(frozen=True, eq=False)
class EmbeddedNodes:
    """Some superpixels with their embeddings and, as votes, their domains.

    Parameters
    ----------
    classes : NodeClasses
    embeddings : ndarray of float32, shape (N, D)
    """

    classes: NodeClasses
    embeddings: NDArray[np.float32]

    def of(self, ids: NDArray[np.unsignedinteger[Any]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the probabilities and the embeddings of some of them."""
        rows = np.searchsorted(self.classes.ids, ids)
        return self.classes.probabilities[rows], self.embeddings[rows]


def embedded_block(
    block: Block,
    near: Sequence[BlockGraph],
    network: NestedNetwork,
    scaling: Scaling,
    columns: Sequence[int],
    clusters: Clusters,
    recipe: Recipe,
) -> EmbeddedNodes:
    """Return the superpixels that can reach into a block's core.

    Parameters
    ----------
    block : Block
    near : sequence of BlockGraph
        What the blocks own that have cells within `Reach.cells` of the block.
    network : NestedNetwork
        On its device.
    scaling, columns
        As for `nested_graph`.
    clusters : Clusters
    recipe : Recipe
        What the parts were made by.
    """
    settings, lattice = network.config.settings, block.lattice
    reach = Reach(settings, len(block.index))
    graph = near_graph(near, block.cells_with(reach.cells), lattice, recipe)
    with stage("inner graphs"):
        nested = nested_graph(graph, lattice, scaling, columns, settings, block.cells_with(reach.inner))
    with stage("network"), torch.inference_mode():
        prepared = Prepared.of(nested, settings, network.encoder.device)
        embeddings: NDArray[np.float32] = network.embedding(prepared).cpu().numpy()
    kept = seeded_in(graph.ids, block.cells_with(reach.domains), lattice)
    ids, embeddings = graph.ids[kept], embeddings[kept]
    with stage("domains"):
        probabilities = clusters.probabilities(embeddings)
        own = np.flatnonzero(seeded_in(ids, block.cells_with(PAINT_MARGIN), lattice))
        if settings.nearest:
            classes, positions = probabilities.argmax(axis=1), graph.positions[kept]
            shown = votes_on_lattice(ids, positions, classes, own, lattice, clusters.number, settings.nearest)
        else:
            shown = probabilities[own]
    return EmbeddedNodes(NodeClasses(ids[own], shown), embeddings[own])
