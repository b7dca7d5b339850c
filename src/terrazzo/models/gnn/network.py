"""The graph neural network: residual layers in which every node listens to its neighbours."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from terrazzo.errors import ParameterError
from terrazzo.models.gnn.settings import Aggregation, GNNSettings
from terrazzo.models.messages.message_passing import MessagePassing


@dataclass(frozen=True)
class GNNConfig:
    """The shape of a `GNN`; its fields are plain JSON values.

    Parameters
    ----------
    node_features, edge_features : int
        Columns of the (scaled) features that come in.
    classes : int
        Columns of the logits that come out.
    width, layers, dropout, aggregation, heads
        As for `GNNSettings`.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    node_features: int
    edge_features: int
    classes: int
    width: int = GNNSettings.width
    layers: int = GNNSettings.layers
    dropout: float = GNNSettings.dropout
    aggregation: Aggregation = GNNSettings.aggregation
    heads: int = GNNSettings.heads

    def __post_init__(self) -> None:
        for name, least in (("node_features", 1), ("edge_features", 0), ("classes", 1)):
            if getattr(self, name) < least:
                raise ParameterError(f"{name} of a GNN is {getattr(self, name)}; it must be at least {least}")
        GNNSettings(self.width, self.layers, self.dropout, self.aggregation, self.heads)


class GNN(nn.Module):
    """Logits per node from its features and those within `layers` hops.

    Each layer computes ``h + MLP([norm(h), heard])`` where `heard` is what the neighbours' norm(h) add up to.
    All normalisation is within a node, so a node's logits depend on nothing beyond its ring.

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

    def forward(self, passing: MessagePassing, node_features: Tensor, edge_features: Tensor) -> Tensor:
        """Logits per node.

        Parameters
        ----------
        passing : MessagePassing
            The graph.
        node_features : Tensor of float32, shape (N, F)
        edge_features : Tensor of float32, shape (2E, G)
            Per directed edge, see `both_directions`.

        Returns
        -------
        Tensor of float32, shape (N, C)
        """
        h = self.encoder(node_features)
        for layer in self.layers:
            h = layer(passing, h, edge_features)
        logits: Tensor = self.head(h)
        return logits


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

    def forward(self, passing: MessagePassing, h: Tensor, edge_features: Tensor) -> Tensor:
        own = self.norm(h)
        heard = self.neighbours(passing, own, edge_features)
        return h + self.mlp(torch.cat([own, heard], dim=1))  # type: ignore[no-any-return]


class _Mean(nn.Module):
    def forward(self, passing: MessagePassing, h: Tensor, edge_features: Tensor) -> Tensor:  # noqa: ARG002
        return passing.mean_of_neighbours(h)


class _Attention(nn.Module):
    """GATv2 (Brody, Alon, Yahav 2022) on edges too: a · LeakyReLU(S h_source + D h_destination + E e)."""

    def __init__(self, config: GNNConfig) -> None:
        super().__init__()
        self.source = nn.Linear(config.width, config.width)
        self.destination = nn.Linear(config.width, config.width)
        self.edge = nn.Linear(config.edge_features, config.width, bias=False) if config.edge_features else None
        self.score = nn.Parameter(torch.empty(config.heads, config.width // config.heads))
        nn.init.xavier_uniform_(self.score)

    def forward(self, passing: MessagePassing, h: Tensor, edge_features: Tensor) -> Tensor:
        sources = self.source(h)
        at_source, at_destination = passing.gather(sources, self.destination(h))
        joint = at_source + at_destination
        if self.edge is not None:
            joint = joint + self.edge(edge_features)
        joint = nn.functional.leaky_relu(joint, 0.2).view(len(joint), *self.score.shape)
        weights = passing.edge_softmax((joint * self.score).sum(dim=2))
        return passing.weighted_sum(sources, weights)
