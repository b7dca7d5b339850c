"""Message passing on DGL."""

import os
from functools import cache
from typing import Any

import torch
from torch import Tensor


@cache
def why_dgl_cannot(device: str) -> str | None:
    """The reason why DGL cannot serve the device (of that type: "cpu" or "cuda"), or None if it can.

    A DGL may be missing, be broken beside this torch, or be built without CUDA; only trying tells.
    """
    try:
        empty = torch.zeros(0, dtype=torch.int64)
        _dgl().graph((empty, empty), num_nodes=1).to(device)
    except ImportError as error:
        return f"DGL cannot be imported ({_first_line(error)})"
    except Exception as error:  # a broken DGL raises whatever its loader or its C library raises
        return f"this DGL cannot serve {device} ({_first_line(error)})"
    return None


class DGLMessagePassing:
    """The four functions of `MessagePassing` on a DGL graph.

    Parameters
    ----------
    edge_index : Tensor of int64, shape (2, E)
        Undirected edges, each once.
    nodes : int
        N.
    """

    def __init__(self, edge_index: Tensor, nodes: int) -> None:
        dgl = _dgl()
        low, high = edge_index
        self._ops: Any = dgl.ops
        self._graph = dgl.graph((torch.cat([low, high]), torch.cat([high, low])), num_nodes=nodes)
        self._graph.create_formats_()
        self._inverse_degree = (1 / self._graph.in_degrees().clamp(min=1)).to(torch.float32)[:, None]

    def mean_of_neighbours(self, h: Tensor) -> Tensor:
        """The mean of the neighbours' rows, (N, D); 0 for isolated nodes."""
        # DGL's own mean is fifty times slower on CPU than its sum
        total = self._ops.copy_u_sum(self._graph, h)
        mean: Tensor = total * self._inverse_degree
        return mean

    def weighted_sum(self, h: Tensor, weights: Tensor) -> Tensor:
        """The sum of the sources' rows, each times its edge's weight, (N, D)."""
        heads = _by_head(weights)
        columns = h.view(len(h), heads.shape[1], h.shape[1] // heads.shape[1])
        total: Tensor = self._ops.u_mul_e_sum(self._graph, columns, heads[:, :, None])
        return total.view(h.shape)

    def edge_softmax(self, scores: Tensor) -> Tensor:
        """Softmax over the edges that come in at the same node."""
        softmax: Tensor = self._ops.edge_softmax(self._graph, _by_head(scores))
        return softmax.view(scores.shape)

    def gather(self, h: Tensor, at_destination: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Rows of `h` at the sources, and of `at_destination` (default `h`) at the destinations."""
        destination = h if at_destination is None else at_destination
        return self._ops.copy_u(self._graph, h), self._ops.copy_v(self._graph, destination)


def _by_head(values: Tensor) -> Tensor:
    return values if values.ndim == 2 else values[:, None]


@cache
def _dgl() -> Any:
    # without it DGL writes a configuration file to the user's home
    os.environ.setdefault("DGLBACKEND", "pytorch")
    import dgl

    return dgl


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
