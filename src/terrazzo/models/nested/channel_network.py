"""The inner network: what a node's channels come to when they have heard each other, region by region."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from terrazzo.memory import readable_bytes
from terrazzo.models.messages.backends import Backend
from terrazzo.models.nested.channel_attention import ChannelAttention
from terrazzo.models.nested.channel_sums import ChannelSums, channel_sums
from terrazzo.regions.graphs.nested_graph import NestedGraph
from terrazzo.wording import counted

_log = logging.getLogger(__name__)

# Numbers per edge and node that a layer holds at once, with those of its gradients.
FLOATS_PER_EDGE = 10

# More nodes than this in a batch leave the processor's cache and gain nothing.
MOST_NODES = 64


@dataclass(frozen=True, eq=False)
class Batch:
    """Nodes of one region whose inner graphs are computed at a time.

    Parameters
    ----------
    rows : ndarray of int64
    sums : ChannelSums
        Of the region.
    """

    rows: NDArray[np.int64]
    sums: ChannelSums


def batches(graph: NestedGraph, memory: int, device: torch.device, backend: Backend) -> list[Batch]:
    """Return the nodes of a graph in batches of one region each, region by region.

    One line of the log says so where a region takes smaller batches than it would for lack of memory.

    Parameters
    ----------
    graph : NestedGraph
    memory : int
        About how many bytes a batch may take; a single node is always one.
    device : torch.device
    backend : {"auto", "dgl", "torch"}
    """
    order = np.argsort(graph.regions, kind="stable")
    ends = np.searchsorted(graph.regions[order], np.arange(len(graph.inner) + 1))
    found, smallest = [], MOST_NODES
    for inner, first, last in zip(graph.inner, ends[:-1], ends[1:], strict=True):
        if first == last:
            continue
        number = max(1, min(MOST_NODES, memory // (4 * FLOATS_PER_EDGE * len(inner.sources))))
        smallest = min(smallest, number)
        sums = channel_sums(inner, device, backend)
        found += [Batch(order[a : min(a + number, last)], sums) for a in range(first, last, number)]
    if smallest < MOST_NODES:
        channels = graph.values.shape[1]
        _log.warning(
            "inner graphs of %d channels are computed for %s at a time, so that they take no more than about %s; "
            "memory=… of NestedSettings raises that",
            channels,
            counted(int(smallest), "node"),
            readable_bytes(memory),
        )
    return found


class ChannelNetwork(nn.Module):
    """Two layers of attention among channels, each with batch normalisation and ReLU: one number per channel."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = ChannelAttention(), ChannelAttention()
        self.first_norm, self.second_norm = nn.BatchNorm1d(1), nn.BatchNorm1d(1)

    def forward(self, values: Tensor, parts: list[Batch]) -> Tensor:
        """Return what the channels of nodes come to, shape (N, G).

        In training only tables of nodes by channels are kept for gradients: what is computed for edges is computed
        again, batch by batch. Batch normalisation sees all nodes, however they are cut into batches.

        Parameters
        ----------
        values : Tensor of float32, shape (N, G)
        parts : list of Batch
            All nodes, each once.
        """
        rows = torch.from_numpy(np.concatenate([part.rows for part in parts])).to(values.device)
        h = values[rows]
        for layer, norm in ((self.first, self.first_norm), (self.second, self.second_norm)):
            h = self._layer(h, layer, norm, parts)
        return torch.empty_like(h).index_copy(0, rows, h)

    def streamed(self, values: Tensor, parts: list[Batch]) -> Iterator[tuple[Batch, Tensor]]:
        """Yield each batch with what its nodes' channels come to, when training is over: nothing holds all nodes."""
        for part in parts:
            h = values[torch.from_numpy(part.rows).to(values.device)].T.contiguous()
            h = torch.relu(_normalised(self.first(h, part.sums), self.first_norm))
            yield part, torch.relu(_normalised(self.second(h, part.sums), self.second_norm)).T

    @staticmethod
    def _layer(h: Tensor, layer: ChannelAttention, norm: nn.BatchNorm1d, parts: list[Batch]) -> Tensor:
        pieces = torch.split(h, [len(part.rows) for part in parts])
        heard = [_heard(layer, piece, part.sums) for piece, part in zip(pieces, parts, strict=True)]
        return torch.relu(_normalised(torch.cat(heard), norm))


def _heard(layer: ChannelAttention, piece: Tensor, sums: ChannelSums) -> Tensor:
    if not (sums.keeps_edges and torch.is_grad_enabled()):
        return layer(piece.T.contiguous(), sums).T  # type: ignore[no-any-return]
    heard: Tensor = checkpoint(layer, piece.T.contiguous(), sums, use_reentrant=False, preserve_rng_state=False)
    return heard.T


def _normalised(h: Tensor, norm: nn.BatchNorm1d) -> Tensor:
    flat: Tensor = norm(h.reshape(1, 1, -1))
    return flat.reshape(h.shape)
