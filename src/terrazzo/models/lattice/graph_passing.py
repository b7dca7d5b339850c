"""Directed messages in their general form: superpixels in a list, edges by direction, on DGL or on plain torch."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from terrazzo.models.lattice.directions import DirectedGraph, directions
from terrazzo.models.messages.message_passing import Backend, chosen_backend
from terrazzo.models.messages.message_passing_dgl import dgl_sum


class GraphPassing:
    """Directed messages over a graph: tables are (N, D). See `DirectedPassing`.

    Parameters
    ----------
    graph : DirectedGraph
    device : torch.device or str
    backend : {"auto", "dgl", "torch"}
        As for `message_passing`.
    """

    def __init__(self, graph: DirectedGraph, *, device: torch.device | str = "cpu", backend: Backend = "auto") -> None:
        on = torch.device(device)
        summed = _DGLMean if chosen_backend(backend, on) == "dgl" else _TorchMean
        self._means = [
            {step: summed(torch.from_numpy(edges[step]).to(on), nodes) for step in directions(graph.axes)}
            for edges, nodes in zip(graph.edges, graph.nodes, strict=True)
        ]
        self._parents = [torch.from_numpy(parents).to(on) for parents in graph.parents]
        self._children = [
            torch.bincount(parents, minlength=nodes).to(torch.float32)[:, None]
            for parents, nodes in zip(self._parents, graph.nodes[1:], strict=True)
        ]

    def heard(self, level: int, h: Tensor, matrices: Tensor, bias: Tensor) -> Tensor:
        """Return what every superpixel hears; see `DirectedPassing`."""
        by_step = matrices.movedim((0, 1), (-2, -1))
        total = h @ by_step[(1,) * (by_step.ndim - 2)].T + bias
        for step, mean in self._means[level].items():
            if mean.edges:
                total = total + mean(h) @ by_step[tuple(1 + along for along in step)].T
        return total

    def pooled(self, level: int, h: Tensor) -> Tensor:
        """Return the mean of the rows that share a cell of the next level."""
        children = self._children[level]
        return h.new_zeros(len(children), h.shape[1]).index_add_(0, self._parents[level], h) / children

    def spread(self, level: int, h: Tensor) -> Tensor:
        """Return for each row of a level that of its cell of the next level."""
        return h[self._parents[level]]

    def present(self, level: int, h: Tensor) -> Tensor:  # noqa: ARG002
        """Return the table as it is: a list has no empty places."""
        return h

    def there(self, level: int) -> None:
        """Return None: a list has no empty places."""


class _Mean(Protocol):
    edges: int

    def __call__(self, h: Tensor) -> Tensor: ...


class _TorchMean:
    """The mean of the rows at the sources of the edges that come in, 0 where none does, in plain torch."""

    def __init__(self, edges: Tensor, nodes: int) -> None:
        self._source, self._destination = edges
        self.edges = edges.shape[1]
        self._degree = torch.bincount(self._destination, minlength=nodes).clamp(min=1).to(torch.float32)[:, None]

    def __call__(self, h: Tensor) -> Tensor:
        total = h.new_zeros(len(self._degree), h.shape[1]).index_add_(0, self._destination, h[self._source])
        return total / self._degree


class _DGLMean:
    """The same on a DGL graph."""

    def __init__(self, edges: Tensor, nodes: int) -> None:
        self.edges = edges.shape[1]
        self._sum = dgl_sum(edges, nodes)
        self._degree = torch.bincount(edges[1], minlength=nodes).clamp(min=1).to(torch.float32)[:, None]

    def __call__(self, h: Tensor) -> Tensor:
        return self._sum(h) / self._degree
