"""The network on region graphs: the directed messages of a lattice, where a direction is a sector."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from terrazzo.errors import ParameterError
from terrazzo.kernels.superpixels.adjacency import reach_along
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.models.messages.backends import Backend
from terrazzo.models.messages.directed_network import DirectedNetwork
from terrazzo.models.messages.directions import graph_of_regions
from terrazzo.models.messages.graph_passing import GraphPassing
from terrazzo.models.messages.grid_passing import DirectedPassing
from terrazzo.models.messages.receptive_field import reach
from terrazzo.models.messages.touching_pairs import TouchingPairs
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.wording import counted


@dataclass(frozen=True)
class GraphConfig:
    """The shape of a `GraphNetwork`; its fields are plain JSON values but for the settings, which are spread.

    Parameters
    ----------
    axes : int
        2 or 3.
    node_columns, classes : int
        Columns of the features that come in and of the logits that come out.
    settings : GNNSettings
    edge_columns : int
        Columns of the features of edges, where a conditional random field looks at them.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    axes: int
    node_columns: int
    classes: int
    settings: GNNSettings
    edge_columns: int = 0

    def __post_init__(self) -> None:
        if self.axes not in (2, 3) or min(self.node_columns, self.classes) < 1:
            raise ParameterError(
                f"a network on region graphs has {self.axes} axes, {self.node_columns} columns and {self.classes} "
                "classes; it must have 2 or 3 axes and at least one of each"
            )

    def reach(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """Return how many cells of a lattice away a superpixel may be seeded on which another one's logits depend.

        A round leads to a neighbour, and so does a step of a conditional random field. A superpixel is pooled where its
        centroid lies, a cell beside its own at most.

        Parameters
        ----------
        size : tuple of int
            Of superpixels, in pixels along each axis.
        """
        chosen, found = self.settings, []
        for step, far in zip(reach_along(size), reach(replace(chosen, finest=0), self.axes), strict=True):
            embedded = 2 * (step * chosen.finest + 1) + far if chosen.coarser else step * chosen.finest
            found.append(embedded + step * chosen.crf_steps)
        return tuple(found)

    def said(self) -> str:
        """Return its shape, for people."""
        return f"{counted(self.settings.coarser + 1, 'level')} of width {self.settings.width}"

    @property
    def floats_per_node(self) -> int:
        """How many numbers are alive at once for each region: what it hears from each side, and its activations."""
        return self.settings.width * (GraphPassing.AT_ONCE + 8)


class GraphNetwork(DirectedNetwork):
    """Logits per region from its features and those of regions around.

    Parameters
    ----------
    config : GraphConfig
    """

    def __init__(self, config: GraphConfig) -> None:
        super().__init__(config.axes, config.node_columns, config.classes, config.settings, config.edge_columns)
        self.config = config

    def logits(self, passing: DirectedPassing, rows: Tensor, pairs: TouchingPairs | None = None) -> Tensor:
        """Return the logits of regions, shape (N, classes); see `forward`.

        A conditional random field needs the pairs of regions that touch.
        """
        answer: Tensor = self.region(self(passing, rows))
        return answer if self.crf is None or pairs is None else answer + self.crf(answer, pairs)

    def answers(
        self, graph: RegionGraph, scaling: Scaling, unit: tuple[int, ...], device: torch.device, backend: Backend
    ) -> Tensor:
        """Return the logits of the regions of a graph, shape (N, classes).

        Parameters
        ----------
        graph : RegionGraph
        scaling : Scaling
        unit : tuple of int
            The sides of a cell in pixels; see `graph_of_regions`.
        device : torch.device
            Where the network is.
        backend : {"auto", "dgl", "torch"}
        """
        chosen, pairs = self.config.settings, None
        pooling = chosen.pooling(self.config.axes)
        directed = graph_of_regions(graph.edge_index, graph.positions, unit, chosen.coarser, pooling)
        passing = GraphPassing(directed, device=device, backend=backend)
        if chosen.crf_steps:
            pairs = pairs_of(graph.edge_index, graph.edge_features, graph.positions, unit, device)
        return self.logits(passing, torch.from_numpy(scaling.nodes(graph.node_features)).to(device), pairs)


def pairs_of(
    edge_index: NDArray[np.int64],
    edge_features: NDArray[np.float32],
    positions: NDArray[np.floating[Any]],
    unit: tuple[int, ...],
    device: torch.device,
) -> TouchingPairs:
    """Return the edges of a region graph as pairs, whose direction is that between centroids, in cells."""
    places = positions / np.array(unit)
    return TouchingPairs.of(edge_index, edge_features, places[edge_index[1]] - places[edge_index[0]], device)
