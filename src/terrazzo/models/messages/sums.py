"""Sums over the edges that come in at each place, on DGL and in plain torch."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from terrazzo.models.messages.backends import loaded_dgl


class DGLSum:
    """The sum of the rows (N, D) at the sources of the edges that come in at each of some places, on DGL.

    Parameters
    ----------
    sources, places : Tensor of int64, shape (E,)
        The two ends of each edge.
    nodes, size : int
        N, and how many places there are.
    """

    def __init__(self, sources: Tensor, places: Tensor, nodes: int, size: int) -> None:
        dgl = loaded_dgl()
        self._ops: Any = dgl.ops
        self._graph = dgl.create_block((sources, places), num_src_nodes=nodes, num_dst_nodes=size)
        self._graph.create_formats_()

    def __call__(self, h: Tensor) -> Tensor:
        """Return the sums, shape (size, D)."""
        total: Tensor = self._ops.copy_u_sum(self._graph, h)
        return total


class TorchSum:
    """The same as a sparse product with a fixed matrix, wherever torch runs."""

    def __init__(self, sources: Tensor, places: Tensor, nodes: int, size: int) -> None:
        self._matrix = _ones_csr(places, sources, (size, nodes))
        self._transposed = _ones_csr(sources, places, (nodes, size))

    def __call__(self, h: Tensor) -> Tensor:
        """Return the sums, shape (size, D)."""
        total: Tensor = _Product.apply(h, self._matrix, self._transposed)  # type: ignore[no-untyped-call]
        return total


class _Product(torch.autograd.Function):
    """A product with a sparse matrix; its adjoint is one with the transposed matrix, which is there."""

    @staticmethod
    def forward(ctx: Any, h: Tensor, matrix: Tensor, transposed: Tensor) -> Tensor:
        ctx.transposed = transposed
        return matrix @ h

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return ctx.transposed @ gradient, None, None


def _ones_csr(rows: Tensor, columns: Tensor, shape: tuple[int, int]) -> Tensor:
    """A CSR matrix of ones at (rows, columns)."""
    order = torch.argsort(rows * shape[1] + columns)
    # 32-bit indices halve the time of a product
    integer = torch.int32 if max(len(rows), *shape) < 2**31 else torch.int64
    pointers = torch.zeros(shape[0] + 1, dtype=torch.int64, device=rows.device)
    pointers[1:] = torch.bincount(rows, minlength=shape[0]).cumsum(0)
    ones = torch.ones(len(rows), dtype=torch.float32, device=rows.device)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(
            pointers.to(integer), columns[order].to(integer), ones, shape, check_invariants=False
        )
