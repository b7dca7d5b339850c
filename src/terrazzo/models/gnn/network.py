"""The network on region graphs: the directed messages of a lattice, where a direction is a sector."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from terrazzo.errors import ParameterError
from terrazzo.kernels.superpixels.adjacency import REACH
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.models.messages.backends import Backend
from terrazzo.models.messages.directed_network import DirectedNetwork
from terrazzo.models.messages.directions import graph_of_regions
from terrazzo.models.messages.graph_passing import GraphPassing
from terrazzo.models.messages.grid_passing import DirectedPassing
from terrazzo.models.messages.receptive_field import reach
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

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    axes: int
    node_columns: int
    classes: int
    settings: GNNSettings

    def __post_init__(self) -> None:
        if self.axes not in (2, 3) or min(self.node_columns, self.classes) < 1:
            raise ParameterError(
                f"a network on region graphs has {self.axes} axes, {self.node_columns} columns and {self.classes} "
                "classes; it must have 2 or 3 axes and at least one of each"
            )

    @property
    def reach(self) -> int:
        """How many cells of a lattice away a superpixel may be seeded on which another one's logits depend.

        A round leads to a neighbour, `REACH` cells on at most. A superpixel is pooled where its centroid lies, a cell
        beside its own at most.
        """
        chosen = self.settings
        if not chosen.coarser:
            return REACH * chosen.finest
        return 2 * (REACH * chosen.finest + 1) + reach(replace(chosen, finest=0))

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
        super().__init__(config.axes, config.node_columns, config.classes, config.settings)
        self.config = config

    def logits(self, passing: DirectedPassing, rows: Tensor) -> Tensor:
        """Return the logits of regions, shape (N, classes); see `forward`."""
        answer: Tensor = self.region(self(passing, rows))
        return answer

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
        directed = graph_of_regions(graph.edge_index, graph.positions, unit, self.config.settings.coarser)
        passing = GraphPassing(directed, device=device, backend=backend)
        return self.logits(passing, torch.from_numpy(scaling.nodes(graph.node_features)).to(device))
