"""The outer network: nodes begin with what their channels came to, hear their neighbours, and are told apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from terrazzo.models.messages.backends import Backend, chosen_backend
from terrazzo.models.messages.sums import DGLSum, TorchSum
from terrazzo.models.nested.channel_network import Batch, ChannelNetwork, batches
from terrazzo.models.nested.settings import NestedSettings
from terrazzo.regions.graphs.nested_graph import NestedGraph

MOMENTUM = 0.1
"""Of the mean that training remembers, as of batch normalisation."""


@dataclass(frozen=True)
class NestedConfig:
    """The shape of a `NestedNetwork`.

    Parameters
    ----------
    channels : int
        G, of a node.
    settings : NestedSettings
    """

    channels: int
    settings: NestedSettings


class Neighbours:
    """Sums over the neighbours of nodes, weighted as in a graph convolution.

    Parameters
    ----------
    graph : NestedGraph
    device : torch.device
    backend : {"auto", "dgl", "torch"}
    """

    def __init__(self, graph: NestedGraph, device: torch.device, backend: Backend) -> None:
        nodes, both = len(graph.values), np.concatenate([graph.edge_index, graph.edge_index[::-1]], axis=1)
        degree = torch.from_numpy(np.bincount(both[1], minlength=nodes)).to(device)[:, None]
        sources, places = torch.from_numpy(both).to(device)
        chosen = "torch" if backend == "auto" else chosen_backend(backend, device)
        self._sum = (DGLSum if chosen == "dgl" else TorchSum)(sources, places, nodes, nodes)
        self._root, self._count = degree.clamp(min=1).float().rsqrt(), degree.float() + 1

    def convolved(self, h: Tensor) -> Tensor:
        """Return ``h + D^-1/2 A D^-1/2 h``, shape (N, D): each node counts for itself besides."""
        return h + self._root * self._sum(self._root * h)

    def mean(self, h: Tensor) -> Tensor:
        """Return the mean of each node and its neighbours, shape (N, D)."""
        return (h + self._sum(h)) / self._count


@dataclass(frozen=True, eq=False)
class Prepared:
    """A nested graph as the network takes it.

    Parameters
    ----------
    values : Tensor of float32, shape (N, G)
    neighbours : Neighbours
    parts : list of Batch
        Of inner graphs; empty where there are none.
    """

    values: Tensor
    neighbours: Neighbours
    parts: list[Batch]

    @classmethod
    def of(cls, graph: NestedGraph, settings: NestedSettings, device: torch.device) -> Prepared:
        """Return a graph on a device."""
        parts = batches(graph, settings.memory, device, settings.backend) if settings.inner else []
        return cls(torch.from_numpy(graph.values).to(device), Neighbours(graph, device, settings.backend), parts)


class NestedNetwork(nn.Module):
    """An embedding of nodes from which the channels of all can be made again (STING; its outer part is GraphST's).

    Parameters
    ----------
    config : NestedConfig
    """

    def __init__(self, config: NestedConfig) -> None:
        super().__init__()
        self.config = config
        channels, width = config.channels, config.settings.width
        self.inner = ChannelNetwork() if config.settings.inner else None
        self.encoder = nn.Parameter(_glorot(channels, width))
        self.decoder = nn.Parameter(_glorot(width, channels))
        # the mean of what inner graphs give, as training remembers it, and of the channels, made again
        self.middle: Tensor
        self.register_buffer("middle", torch.zeros(channels))
        self.mean = nn.Parameter(torch.zeros(channels), requires_grad=config.settings.centred is True)
        self.score, self.score_bias = nn.Parameter(_glorot(width, width)), nn.Parameter(torch.zeros(()))

    def embedding(self, graph: Prepared) -> Tensor:
        """Return the embedding of nodes when training is over, shape (N, width); inner graphs are streamed."""
        if self.inner is None:
            encoded = (graph.values - self.middle) @ self.encoder
        else:
            encoded = graph.values.new_zeros(len(graph.values), self.config.settings.width)
            for part, inner in self.inner.streamed(graph.values, graph.parts):
                encoded[torch.from_numpy(part.rows).to(encoded.device)] = (inner - self.middle) @ self.encoder
        return graph.neighbours.convolved(encoded)

    def loss(self, graph: Prepared, shuffled: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean squared error of the channels, made again, and the contrastive loss.

        In the latter a node is told from another one in its place by what is around, and among shuffled nodes that
        other one from it.

        Parameters
        ----------
        graph : Prepared
        shuffled : Tensor of int64, shape (N,)
            Which node takes the place of each.
        """
        inner = graph.values if self.inner is None else self.inner(graph.values, graph.parts)
        encoded = self._centred(inner) @ self.encoder
        embedded = graph.neighbours.convolved(encoded)
        made_again = graph.neighbours.convolved(embedded) @ self.decoder + self.mean
        own, other = torch.relu(embedded), torch.relu(graph.neighbours.convolved(encoded[shuffled]))
        told = self._told(graph, own, other) + self._told(graph, other, own)
        return nn.functional.mse_loss(made_again, graph.values), told

    def _centred(self, inner: Tensor) -> Tensor:
        """Return what inner graphs give, relative to its mean: else who has fewer neighbours seems to be another."""
        if not self.config.settings.centred:
            return inner
        mean = inner.mean(dim=0)
        with torch.no_grad():
            self.middle.lerp_(mean, MOMENTUM)
        return inner - mean

    def _told(self, graph: Prepared, own: Tensor, other: Tensor) -> Tensor:
        """Return the loss of telling nodes, whose neighbours are asked, from those in their place."""
        around = torch.sigmoid(nn.functional.normalize(graph.neighbours.mean(own), dim=1))
        asked = around @ self.score
        logits = torch.cat([(own * asked).sum(dim=1), (other * asked).sum(dim=1)]) + self.score_bias
        answers = torch.cat([logits.new_ones(len(own)), logits.new_zeros(len(other))])
        return nn.functional.binary_cross_entropy_with_logits(logits, answers)


def _glorot(rows: int, columns: int) -> Tensor:
    bound = math.sqrt(6 / (rows + columns))
    return torch.empty(rows, columns).uniform_(-bound, bound)
