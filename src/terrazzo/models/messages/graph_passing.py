"""Directed messages in their general form: regions in a list, edges by direction, on DGL or on plain torch."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Protocol, Self

import torch
from torch import Tensor

from terrazzo.models.messages.backends import Backend, chosen_backend
from terrazzo.models.messages.directions import DirectedGraph
from terrazzo.models.messages.sums import DGLSum, TorchSum


class GraphPassing:
    """Directed messages over a graph: tables are (N, D). See `DirectedPassing`.

    All directions are heard in one sparse product, whose rows are the places (region, direction).

    Parameters
    ----------
    graph : DirectedGraph
    device : torch.device or str
    backend : {"auto", "dgl", "torch"}
        "auto" is DGL where it can serve the device, plain torch otherwise, which is logged once. Both give the same
        values up to rounding.
    """

    def __init__(self, graph: DirectedGraph, *, device: torch.device | str = "cpu", backend: Backend = "auto") -> None:
        on = torch.device(device)
        summed = DGLSum if chosen_backend(backend, on) == "dgl" else TorchSum
        self._relations = 3**graph.axes - 1
        self._turn: tuple[tuple[int, ...], bool] = ((), False)
        self._means = []
        for (source, destination, number), nodes in zip(graph.edges, graph.nodes, strict=True):
            places = torch.from_numpy(destination * self._relations + number).to(on)
            self._means.append(_Mean(torch.from_numpy(source).to(on), places, nodes, nodes * self._relations, summed))
        self._parents = [torch.from_numpy(parents).to(on) for parents in graph.parents]
        self._children = [
            torch.bincount(parents, minlength=nodes).to(torch.float32)[:, None]
            for parents, nodes in zip(self._parents, graph.nodes[1:], strict=True)
        ]

    def turned(self, mirrored: Sequence[int], swapped: bool) -> Self:
        """Return messages over the same graph, mirrored along some axes, its last two axes swapped after that or not.

        Parameters
        ----------
        mirrored : sequence of int
            Axes.
        swapped : bool
        """
        other = copy.copy(self)
        other._turn = tuple(mirrored), swapped
        return other

    def heard(self, level: int, h: Tensor, matrices: Tensor, bias: Tensor) -> Tensor:
        """Return what every region hears; see `DirectedPassing`."""
        mirrored, swapped = self._turn
        # a neighbour in the east of a mirrored graph is one in the west of this: its matrix is that of the east
        if swapped:
            matrices = matrices.transpose(-1, -2)
        if mirrored:
            matrices = matrices.flip([2 + axis for axis in mirrored])
        flat, middle = matrices.flatten(2), self._relations // 2
        others = torch.cat([flat[..., :middle], flat[..., middle + 1 :]], dim=2)
        by_place = others.movedim(0, 2).movedim(1, 0).reshape(-1, len(flat))
        heard = self._means[level](h).view(len(h), self._relations * h.shape[1])
        return torch.addmm(h @ flat[..., middle].T + bias, heard, by_place)

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


class _Sum(Protocol):
    def __init__(self, sources: Tensor, places: Tensor, nodes: int, size: int) -> None: ...

    def __call__(self, h: Tensor) -> Tensor: ...


class _Mean:
    """The mean of the rows at the sources of the edges that come in at each place; 0 where none does."""

    def __init__(self, sources: Tensor, places: Tensor, nodes: int, size: int, summed: type[_Sum]) -> None:
        self._sum = summed(sources, places, nodes, size)
        self._share = 1 / torch.bincount(places, minlength=size).clamp(min=1).to(torch.float32)[:, None]

    def __call__(self, h: Tensor) -> Tensor:
        return self._sum(h) * self._share
