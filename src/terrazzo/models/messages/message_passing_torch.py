"""Message passing in plain torch, wherever torch runs."""

import warnings
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class TorchMessagePassing:
    """The four functions of `MessagePassing` as sparse products with fixed matrices.

    Parameters
    ----------
    edge_index : Tensor of int64, shape (2, E)
        Undirected edges, each once.
    nodes : int
        N.
    """

    def __init__(self, edge_index: Tensor, nodes: int) -> None:
        low, high = edge_index
        source, destination = torch.cat([low, high]), torch.cat([high, low])
        self._source = _EdgeEnds(source, nodes)
        self._destination = _EdgeEnds(destination, nodes)
        order = torch.argsort(destination, stable=True)
        self._adjacency = _ones_csr(destination[order], source[order], (nodes, nodes))
        degree = torch.bincount(destination, minlength=nodes)
        self._inverse_degree = (1 / degree.clamp(min=1)).to(torch.float32)[:, None]

    def mean_of_neighbours(self, h: Tensor) -> Tensor:
        """The mean of the neighbours' rows, (N, D); 0 for isolated nodes."""
        mean: Tensor = _MeanOfNeighbours.apply(h, self._adjacency, self._inverse_degree)  # type: ignore[no-untyped-call]
        return mean

    def weighted_sum(self, h: Tensor, weights: Tensor) -> Tensor:
        """The sum of the sources' rows, each times its edge's weight, (N, D)."""
        messages, heads = self._source.spread(h), _by_head(weights)
        columns_per_head = h.shape[1] // heads.shape[1]
        return self._destination.collect(messages * heads.repeat_interleave(columns_per_head, dim=1))

    def edge_softmax(self, scores: Tensor) -> Tensor:
        """Softmax over the edges that come in at the same node."""
        columns = _by_head(scores)
        exponentials = torch.exp(columns - self._destination.spread(self._highest(columns.detach())))
        sums = self._destination.spread(self._destination.collect(exponentials))
        return (exponentials / sums).view(scores.shape)

    def gather(self, h: Tensor, at_destination: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Rows of `h` at the sources, and of `at_destination` (default `h`) at the destinations."""
        return self._source.spread(h), self._destination.spread(h if at_destination is None else at_destination)

    def _highest(self, scores: Tensor) -> Tensor:
        rows = self._destination.rows[:, None].expand_as(scores)
        nothing = scores.new_zeros(self._destination.nodes, scores.shape[1])
        return nothing.scatter_reduce(0, rows, scores, "amax", include_self=False)


class _EdgeEnds:
    """One end of every directed edge: rows are spread from nodes to edges, or collected at nodes."""

    def __init__(self, rows: Tensor, nodes: int) -> None:
        self.rows, self.nodes = rows, nodes
        order = torch.argsort(rows, stable=True)
        self.incidence = _ones_csr(rows[order], order, (nodes, len(rows)))

    def spread(self, h: Tensor) -> Tensor:
        on_edges: Tensor = _Spread.apply(h, self)  # type: ignore[no-untyped-call]
        return on_edges

    def collect(self, x: Tensor) -> Tensor:
        on_nodes: Tensor = _Collect.apply(x, self)  # type: ignore[no-untyped-call]
        return on_nodes


# index_select's own backward adds row by row; a product with the incidence matrix is several times faster
class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, h: Tensor, ends: _EdgeEnds) -> Tensor:
        ctx.ends = ends
        return h.index_select(0, ends.rows)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return ctx.ends.incidence @ gradient, None


class _Collect(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, ends: _EdgeEnds) -> Tensor:
        ctx.ends = ends
        return ends.incidence @ x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient.index_select(0, ctx.ends.rows), None


class _MeanOfNeighbours(torch.autograd.Function):
    """D⁻¹ A h; A is symmetric, so its adjoint is A D⁻¹ and nothing is transposed."""

    @staticmethod
    def forward(ctx: Any, h: Tensor, adjacency: Tensor, inverse_degree: Tensor) -> Tensor:
        ctx.adjacency, ctx.inverse_degree = adjacency, inverse_degree
        return (adjacency @ h) * inverse_degree

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return ctx.adjacency @ (gradient * ctx.inverse_degree), None, None


def _by_head(values: Tensor) -> Tensor:
    return values if values.ndim == 2 else values[:, None]


def _ones_csr(rows: Tensor, columns: Tensor, shape: tuple[int, int]) -> Tensor:
    """A CSR matrix of ones at (rows, columns), rows ascending."""
    # 32-bit indices halve the time of a product
    integer = torch.int32 if max(len(rows), *shape) < 2**31 else torch.int64
    pointers = torch.zeros(shape[0] + 1, dtype=torch.int64, device=rows.device)
    pointers[1:] = torch.bincount(rows, minlength=shape[0]).cumsum(0)
    ones = torch.ones(len(rows), dtype=torch.float32, device=rows.device)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(pointers.to(integer), columns.to(integer), ones, shape, check_invariants=False)
