"""Attention over the edges of a graph of channels: by a kernel, in plain torch and on DGL."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import leaky_relu

from terrazzo.kernels.channels.attention import attended, attended_gradients, attention
from terrazzo.models.messages.backends import Backend, chosen_backend, loaded_dgl
from terrazzo.regions.graphs.channel_graph import ChannelGraph

SLOPE = 0.2


class ChannelSums(ABC):
    """What is added up over the edges of a graph of channels, for N nodes at a time."""

    keeps_edges = True
    """Whether it keeps numbers of edges, for gradients, that are better computed again."""

    @abstractmethod
    def attention(self, said: Tensor, asked: Tensor, score: Tensor) -> Tensor:
        """Return the softmax over the sources of each place of ``score * LeakyReLU(said + asked)``, shape (E, N).

        Parameters
        ----------
        said, asked : Tensor of float32, shape (G, N)
            What sources say and places ask.
        score : Tensor of float32, shape ()
        """

    @abstractmethod
    def attended(self, said: Tensor, asked: Tensor, score: Tensor) -> Tensor:
        """Return the sum of what sources say at each place, by that attention, shape (G, N)."""


class KernelChannelSums(ChannelSums):
    """The quickest, on a processor: no number of an edge leaves the cache."""

    keeps_edges = False

    def __init__(self, graph: ChannelGraph) -> None:
        self.sources = graph.sources
        self.ends = np.searchsorted(graph.places, np.arange(int(graph.places[-1]) + 2))

    def attention(self, said: Tensor, asked: Tensor, score: Tensor) -> Tensor:
        """See `ChannelSums`; it has no gradient."""
        return torch.from_numpy(attention(*_arrays(said, asked, score), self.sources, self.ends))

    def attended(self, said: Tensor, asked: Tensor, score: Tensor) -> Tensor:
        """See `ChannelSums`."""
        heard: Tensor = _Attended.apply(said, asked, score, self)  # type: ignore[no-untyped-call]
        return heard


class _Attended(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, said: Tensor, asked: Tensor, score: Tensor, graph: KernelChannelSums) -> Tensor:
        heard = torch.from_numpy(attended(*_arrays(said, asked, score), graph.sources, graph.ends))
        ctx.save_for_backward(said, asked, score, heard)
        ctx.graph = graph
        return heard

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        said, asked, score, heard = ctx.saved_tensors
        of_said, of_asked, of_score = attended_gradients(
            *_arrays(said, asked, score), ctx.graph.sources, ctx.graph.ends, heard.numpy(), _array(gradient)
        )
        total = torch.tensor(of_score.sum(), dtype=score.dtype)
        return torch.from_numpy(of_said), torch.from_numpy(of_asked), total, None


class TorchChannelSums(ChannelSums):
    """The same in plain torch, on any device."""

    def __init__(self, graph: ChannelGraph, device: torch.device) -> None:
        self._sources = torch.from_numpy(graph.sources).to(device)
        self._places = torch.from_numpy(graph.places).to(device)

    def attention(self, said: Tensor, asked: Tensor, score: Tensor) -> Tensor:
        """See `ChannelSums`."""
        logits = score * leaky_relu(said[self._sources] + asked[self._places], SLOPE)
        # a constant per place changes no softmax, so that no gradient goes through it
        highest = torch.full_like(said, -math.inf).detach()
        highest.scatter_reduce_(0, self._places[:, None].expand_as(logits), logits.detach(), "amax")
        shares = torch.exp(logits - highest[self._places])
        return shares / self._summed(shares, len(said))[self._places]

    def attended(self, said: Tensor, asked: Tensor, score: Tensor) -> Tensor:
        """See `ChannelSums`."""
        return self._summed(said[self._sources] * self.attention(said, asked, score), len(said))

    def _summed(self, of_edges: Tensor, channels: int) -> Tensor:
        return of_edges.new_zeros(channels, of_edges.shape[1]).index_add_(0, self._places, of_edges)


class DGLChannelSums(ChannelSums):
    """The same on DGL."""

    def __init__(self, graph: ChannelGraph, device: torch.device) -> None:
        dgl = loaded_dgl()
        self._ops: Any = dgl.ops
        ends = torch.from_numpy(graph.sources).to(device), torch.from_numpy(graph.places).to(device)
        self._graph = dgl.graph(ends, num_nodes=int(graph.places[-1]) + 1)

    def attention(self, said: Tensor, asked: Tensor, score: Tensor) -> Tensor:
        """See `ChannelSums`."""
        logits = score * leaky_relu(self._ops.u_add_v(self._graph, said, asked), SLOPE)
        shares: Tensor = self._ops.edge_softmax(self._graph, logits)
        return shares

    def attended(self, said: Tensor, asked: Tensor, score: Tensor) -> Tensor:
        """See `ChannelSums`."""
        total: Tensor = self._ops.u_mul_e_sum(self._graph, said, self.attention(said, asked, score))
        return total


def channel_sums(graph: ChannelGraph, device: torch.device, backend: Backend) -> ChannelSums:
    """Return what adds up over the edges of a graph of channels; "auto" is a kernel on a processor, else torch."""
    if backend == "auto":
        return KernelChannelSums(graph) if device.type == "cpu" else TorchChannelSums(graph, device)
    return (DGLChannelSums if chosen_backend(backend, device) == "dgl" else TorchChannelSums)(graph, device)


def _arrays(said: Tensor, asked: Tensor, score: Tensor) -> tuple[NDArray[Any], NDArray[Any], np.float32, np.float32]:
    return _array(said), _array(asked), np.float32(score.item()), np.float32(SLOPE)


def _array(tensor: Tensor) -> NDArray[Any]:
    return np.ascontiguousarray(tensor.detach().numpy())
