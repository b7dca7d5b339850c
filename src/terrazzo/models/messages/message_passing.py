"""How do nodes hear from their neighbours? Four functions over a fixed graph, on DGL or on plain torch."""

import logging
from functools import cache
from typing import Literal, Protocol

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from terrazzo.errors import ParameterError
from terrazzo.models.messages.message_passing_dgl import DGLMessagePassing, why_dgl_cannot
from terrazzo.models.messages.message_passing_torch import TorchMessagePassing

Backend = Literal["auto", "dgl", "torch"]

_log = logging.getLogger(__name__)


class MessagePassing(Protocol):
    """Messages over N nodes and 2E directed edges: first all E from low to high, then all from high to low.

    `weights` and `scores` have one value per directed edge, (2E,), or one per edge and head, (2E, H), where H
    divides D and head i serves the i-th of H equal runs of columns.
    """

    def mean_of_neighbours(self, h: Tensor) -> Tensor:
        """The mean of the neighbours' rows, (N, D); 0 for isolated nodes."""
        ...

    def weighted_sum(self, h: Tensor, weights: Tensor) -> Tensor:
        """The sum of the sources' rows, each times its edge's weight, (N, D)."""
        ...

    def edge_softmax(self, scores: Tensor) -> Tensor:
        """Softmax over the edges that come in at the same node; the shape of `scores`."""
        ...

    def gather(self, h: Tensor, at_destination: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Rows of `h` at the sources, of `at_destination` (default `h`) at the destinations; (2E, D) each."""
        ...


def message_passing(
    edge_index: ArrayLike | Tensor, nodes: int, *, device: torch.device | str, backend: Backend = "auto"
) -> MessagePassing:
    """Message passing over one graph.

    Parameters
    ----------
    edge_index : array_like or Tensor of int64, shape (2, E)
        Undirected edges as rows of nodes, each once.
    nodes : int
        N.
    device : torch.device or str
        Where the tensors will be.
    backend : {"auto", "dgl", "torch"}
        "auto" is DGL where it can serve the device, plain torch otherwise, which is logged once. Both give
        the same values up to rounding.

    Returns
    -------
    MessagePassing

    Raises
    ------
    ParameterError
        If the backend is unknown, or is "dgl" where DGL cannot serve the device.
    """
    device = torch.device(device)
    edges = torch.as_tensor(edge_index, dtype=torch.int64, device=device)
    if chosen_backend(backend, device) == "dgl":
        return DGLMessagePassing(edges, nodes)
    return TorchMessagePassing(edges, nodes)


def both_directions(edge_features: Tensor) -> Tensor:
    """Features of undirected edges, (E, G), repeated for the directed ones, (2E, G)."""
    return edge_features.repeat(2, 1)


def chosen_backend(backend: str, device: torch.device) -> str:
    """Return "dgl" or "torch": what passes messages on a device; see `message_passing`."""
    if backend not in ("auto", "dgl", "torch"):
        raise ParameterError(f"there is no message passing backend {backend!r}; use 'auto', 'dgl' or 'torch'")
    if backend == "torch":
        return "torch"
    reason = why_dgl_cannot(device.type)
    if reason is None:
        return "dgl"
    if backend == "dgl":
        raise ParameterError(
            f"{reason}; use backend 'torch', or install a DGL that serves {device.type} "
            "(its CUDA builds come from DGL's own wheel index)"
        )
    _say_once(reason)
    return "torch"


@cache
def _say_once(reason: str) -> None:
    _log.warning("%s; messages are passed in plain torch, with the same results", reason)
