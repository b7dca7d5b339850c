"""How a graph neural network is trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from terrazzo.errors import ParameterError
from terrazzo.training.rules.training import Training

if TYPE_CHECKING:
    from terrazzo.training.rules.splits import Split

BACKENDS = ("auto", "dgl", "torch")


@dataclass(frozen=True, kw_only=True)
class GNNTraining(Training):
    """How a graph neural network is trained: what every network is told (`Training`), and how graphs are held.

    Parameters
    ----------
    epochs, seconds, patience, learning_rate, weight_decay, weighting, validation, seed, device
        As for `Training`; `seconds` count the graphs as well.
    batch_nodes : int
        The most nodes in one step.
    backend : {"auto", "dgl", "torch"}
        What passes messages; "auto" is DGL where it serves the device.
    block : int, optional
        About how many pixels wide the blocks are that tasks work on. Where training streams, they are also what is
        held out for validation.
    streaming : bool or "auto"
        Whether graphs stay on disk and memory does not grow with the images; "auto" where the blocks near annotated
        pixels have more than `MOST_NODES_IN_MEMORY` (1 048 576) cells.
    scratch : path, optional
        An existing folder for the graphs of a streamed fit, by default the system's for temporary files. In the end
        they are removed.
    split : Split, optional
        The rows of graphs in memory for training and for validation, in place of `validation`.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    batch_nodes: int = 16384
    backend: Literal["auto", "dgl", "torch"] = "auto"
    block: int | None = None
    streaming: bool | Literal["auto"] = "auto"
    scratch: str | Path | None = None
    split: Split | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_nodes < 1:
            raise ParameterError(f"batch_nodes is {self.batch_nodes}; a batch needs at least 1 node")
        if self.backend not in BACKENDS:
            raise ParameterError(f"there is no backend {self.backend!r}; use 'auto', 'dgl' or 'torch'")
        if self.streaming not in (True, False, "auto"):
            raise ParameterError(f"streaming is {self.streaming!r}; it must be True, False or 'auto'")
        if self.streaming is True and self.split is not None:
            raise ParameterError("a split names rows of whole graphs, and with streaming there are none; leave it out")
