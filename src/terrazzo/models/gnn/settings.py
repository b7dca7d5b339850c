"""The shape of a graph neural network, as far as it is a matter of choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from terrazzo.errors import ParameterError
from terrazzo.settings import Settings

Aggregation = Literal["mean", "attention"]


@dataclass(frozen=True)
class GNNSettings(Settings):
    """The shape of a graph neural network; columns and classes follow from the data.

    Parameters
    ----------
    width : int
        Columns between its first and its last layer.
    layers : int
        Rounds of messages; with 0 every node is judged alone.
    dropout : float
        Share of activations dropped in training.
    aggregation : {"mean", "attention"}
        How a node hears its neighbours: all alike ("mean", which leaves edge features unused), or weighted by what is
        seen at both ends and on the edge.
    heads : int
        Attention heads; divides `width`.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    width: int = 64
    layers: int = 8
    dropout: float = 0.0
    aggregation: Aggregation = "mean"
    heads: int = 4

    def __post_init__(self) -> None:
        for name, least in (("width", 1), ("layers", 0), ("heads", 1)):
            if getattr(self, name) < least:
                raise ParameterError(f"{name} of a GNN is {getattr(self, name)}; it must be at least {least}")
        if not 0 <= self.dropout < 1:
            raise ParameterError(f"dropout of a GNN is {self.dropout}; it must be at least 0 and below 1")
        if self.aggregation not in ("mean", "attention"):
            raise ParameterError(f"aggregation of a GNN is {self.aggregation!r}; it must be 'mean' or 'attention'")
        if self.width % self.heads:
            raise ParameterError(f"{self.heads} heads do not divide a width of {self.width}; choose a divisor")
