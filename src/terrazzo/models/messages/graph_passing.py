"""Directed messages in their general form: regions in a list, edges by direction, on DGL or on plain torch."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from terrazzo.models.messages.backends import Backend, chosen_backend
from terrazzo.models.messages.directions import DirectedGraph
from terrazzo.models.messages.sums import DGLSum, TorchSum


class GraphPassing:
    """Directed messages over a graph: tables are (N, D). See `DirectedPassing`.

    Several directions are heard in one sparse product, whose rows are the places (region, direction).

    Parameters
    ----------
    graph : DirectedGraph
    device : torch.device or str
    backend : {"auto", "dgl", "torch"}
        "auto" is DGL where it can serve the device, plain torch otherwise, which is logged once. Both give the same
        values up to rounding.
    """

    AT_ONCE = 9
    """Directions that are heard at once: all in an image, a third in a volume, for memory."""

    def __init__(self, graph: DirectedGraph, *, device: torch.device | str = "cpu", backend: Backend = "auto") -> None:
        on = torch.device(device)
        summed = DGLSum if chosen_backend(backend, on) == "dgl" else TorchSum
        relations = 3**graph.axes - 1
        self._runs = [slice(first, min(first + self.AT_ONCE, relations)) for first in range(0, relations, self.AT_ONCE)]
        self._means = [
            [_mean_of(edges, nodes, run, on, summed) for run in self._runs]
            for edges, nodes in zip(graph.edges, graph.nodes, strict=True)
        ]
        self._parents = [torch.from_numpy(parents).to(on) for parents in graph.parents]
        self._children = [
            torch.bincount(parents, minlength=nodes).to(torch.float32)[:, None]
            for parents, nodes in zip(self._parents, graph.nodes[1:], strict=True)
        ]

    def heard(self, level: int, h: Tensor, matrices: Tensor, bias: Tensor) -> Tensor:
        """Return what every region hears; see `DirectedPassing`."""
        flat = matrices.flatten(2).movedim(2, 0)
        middle = len(flat) // 2
        by_direction = torch.cat([flat[:middle], flat[middle + 1 :]]).transpose(1, 2)
        total = h @ flat[middle].T + bias
        for run, mean in zip(self._runs, self._means[level], strict=True):
            some = by_direction[run]
            total = torch.addmm(total, mean(h).view(len(h), len(some) * h.shape[1]), some.flatten(0, 1))
        return total

    def pooled(self, level: int, h: Tensor) -> Tensor:
        """Return the mean of the rows that share a cell of the next level."""
        children = self._children[level]
        return h.new_zeros(len(children), h.shape[1]).index_add_(0, self._parents[level], h) / children

    def risen(self, level: int, fine: Tensor, coarse: Tensor) -> tuple[GraphPassing, Tensor]:
        """Return these messages, and the rows of a level with those of their cells of the next level added."""
        return self, fine + coarse[self._parents[level]]

    def present(self, level: int, h: Tensor) -> Tensor:  # noqa: ARG002
        """Return the table as it is: a list has no empty places."""
        return h

    def there(self, level: int) -> None:
        """Return None: a list has no empty places."""


class _Sum(Protocol):
    def __init__(self, sources: Tensor, places: Tensor, nodes: int, size: int) -> None: ...

    def __call__(self, h: Tensor) -> Tensor: ...


class _Mean:
    """The mean of the rows at the sources of the edges that come in at each place; 0 where none does."""

    def __init__(self, sources: Tensor, places: Tensor, nodes: int, size: int, summed: type[_Sum]) -> None:
        self._sum = summed(sources, places, nodes, size)
        self._share = 1 / torch.bincount(places, minlength=size).clamp(min=1).to(torch.float32)[:, None]

    def __call__(self, h: Tensor) -> Tensor:
        return self._sum(h).mul_(self._share)


def _mean_of(edges: NDArray[np.int64], nodes: int, run: slice, device: torch.device, summed: type[_Sum]) -> _Mean:
    """Return the mean in each of some directions at each region."""
    source, destination, number = edges[:, (edges[2] >= run.start) & (edges[2] < run.stop)]
    places = destination * (run.stop - run.start) + number - run.start
    sources, at = (torch.from_numpy(np.ascontiguousarray(one)).to(device) for one in (source, places))
    return _Mean(sources, at, nodes, nodes * (run.stop - run.start), summed)
