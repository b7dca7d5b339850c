"""The network that files of before hold, in which all neighbours speak alike: it answers and is trained no more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from terrazzo.errors import ParameterError
from terrazzo.kernels.superpixels.adjacency import reach_along
from terrazzo.models.messages.backends import Backend
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.graphs.scaling import Scaling, scaled
from terrazzo.wording import counted


@dataclass(frozen=True, eq=False)
class EdgeScaling(Scaling):
    """Standardisation of node and edge features.

    Parameters
    ----------
    node_mean, node_std : ndarray of float32, shape (F,)
    edge_mean, edge_std : ndarray of float32, shape (G,)
    """

    edge_mean: NDArray[np.float32]
    edge_std: NDArray[np.float32]

    def edges(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return scaled edge features, float32 (E, G), finite."""
        return scaled(features, self.edge_mean, self.edge_std)


@dataclass(frozen=True)
class GNNConfig:
    """The shape of a `GNN`; its fields are plain JSON values.

    Parameters
    ----------
    node_features, edge_features : int
        Columns of the (scaled) features that come in.
    classes : int
        Columns of the logits that come out.
    width, layers : int
        Columns between its first and its last layer; rounds of messages.
    dropout : float
        What it was trained with.
    aggregation : {"mean", "attention"}
        How a node hears its neighbours: all alike, or weighted by what is seen at both ends and on the edge.
    heads : int
        Attention heads; divides `width`.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    node_features: int
    edge_features: int
    classes: int
    width: int = 64
    layers: int = 8
    dropout: float = 0.0
    aggregation: str = "mean"
    heads: int = 4

    def __post_init__(self) -> None:
        least = {"node_features": 1, "edge_features": 0, "classes": 1, "width": 1, "layers": 0, "heads": 1}
        for name, lowest in least.items():
            if getattr(self, name) < lowest:
                raise ParameterError(f"{name} of a GNN is {getattr(self, name)}; it must be at least {lowest}")
        if self.aggregation not in ("mean", "attention"):
            raise ParameterError(f"aggregation of a GNN is {self.aggregation!r}; it must be 'mean' or 'attention'")
        if self.width % self.heads:
            raise ParameterError(f"{self.heads} heads do not divide a width of {self.width}; choose a divisor")

    def reach(self, size: tuple[int, ...]) -> tuple[int, ...]:
        """Return how many cells of a lattice away a superpixel may be seeded on which another one's logits depend."""
        return tuple(step * self.layers for step in reach_along(size))

    def said(self) -> str:
        """Return its shape, for people."""
        return f"{counted(self.layers, 'layer')} of width {self.width}"

    @property
    def floats_per_node(self) -> int:
        """How many numbers are alive at once for each node, with six edges at each: activations and what is heard."""
        return self.width * (8 + 6 * (6 if self.aggregation == "attention" else 1))


class GNN(nn.Module):
    """Logits per node from its features and those within `layers` hops.

    Each layer computes ``h + MLP([norm(h), heard])`` where `heard` is what the neighbours' norm(h) add up to.

    Parameters
    ----------
    config : GNNConfig
    """

    def __init__(self, config: GNNConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = nn.Linear(config.node_features, config.width)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.head = nn.Sequential(nn.LayerNorm(config.width), nn.Linear(config.width, config.classes))

    def forward(self, edge_index: Tensor, node_features: Tensor, edge_features: Tensor) -> Tensor:
        """Return the logits of nodes, shape (N, classes).

        Parameters
        ----------
        edge_index : Tensor of int64, shape (2, E)
            Undirected edges, each once.
        node_features : Tensor of float32, shape (N, F)
        edge_features : Tensor of float32, shape (E, G)
        """
        ends = torch.cat([edge_index, edge_index.flip(0)], dim=1)
        h = self.encoder(node_features)
        for layer in self.layers:
            h = layer(ends, h, edge_features.repeat(2, 1))
        logits: Tensor = self.head(h)
        return logits

    def answers(
        self,
        graph: RegionGraph,
        scaling: Scaling,
        unit: tuple[int, ...],  # noqa: ARG002
        device: torch.device,
        backend: Backend,  # noqa: ARG002
    ) -> Tensor:
        """Return the logits of the nodes of a graph; see `GraphNetwork.answers`."""
        assert isinstance(scaling, EdgeScaling)
        nodes, edges = scaling.nodes(graph.node_features), scaling.edges(graph.edge_features)
        return self(*(torch.from_numpy(table).to(device) for table in (graph.edge_index, nodes, edges)))  # type: ignore[no-any-return]


class _Layer(nn.Module):
    def __init__(self, config: GNNConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.width)
        self.neighbours = _Attention(config) if config.aggregation == "attention" else _Mean()
        self.mlp = nn.Sequential(
            nn.Linear(2 * config.width, config.width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.width, config.width),
        )

    def forward(self, ends: Tensor, h: Tensor, edge_features: Tensor) -> Tensor:
        own = self.norm(h)
        heard = self.neighbours(ends, own, edge_features)
        return h + self.mlp(torch.cat([own, heard], dim=1))  # type: ignore[no-any-return]


class _Mean(nn.Module):
    def forward(self, ends: Tensor, h: Tensor, edge_features: Tensor) -> Tensor:  # noqa: ARG002
        degree = torch.bincount(ends[1], minlength=len(h)).clamp(min=1)[:, None]
        return _summed(h[ends[0]], ends[1], len(h)) / degree


class _Attention(nn.Module):
    """GATv2 (Brody, Alon, Yahav 2022) on edges too: a · LeakyReLU(S h_source + D h_destination + E e)."""

    def __init__(self, config: GNNConfig) -> None:
        super().__init__()
        self.source = nn.Linear(config.width, config.width)
        self.destination = nn.Linear(config.width, config.width)
        self.edge = nn.Linear(config.edge_features, config.width, bias=False) if config.edge_features else None
        self.score = nn.Parameter(torch.zeros(config.heads, config.width // config.heads))

    def forward(self, ends: Tensor, h: Tensor, edge_features: Tensor) -> Tensor:
        source, destination = ends
        said = self.source(h)[source]
        joint = said + self.destination(h)[destination]
        if self.edge is not None:
            joint = joint + self.edge(edge_features)
        joint = nn.functional.leaky_relu(joint, 0.2).view(len(joint), *self.score.shape)
        scores = (joint * self.score).sum(dim=2)
        highest = scores.new_zeros(len(h), scores.shape[1]).scatter_reduce(
            0, destination[:, None].expand_as(scores), scores, "amax", include_self=False
        )
        shares = torch.exp(scores - highest[destination])
        shares = shares / _summed(shares, destination, len(h))[destination]
        return _summed(said * shares.repeat_interleave(self.score.shape[1], dim=1), destination, len(h))


def _summed(values: Tensor, places: Tensor, nodes: int) -> Tensor:
    return values.new_zeros(nodes, values.shape[1]).index_add_(0, places, values)
