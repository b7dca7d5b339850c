"""How a network on region graphs is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from terrazzo.errors import ParameterError
from terrazzo.models.messages.backends import BACKENDS
from terrazzo.training.rules.splits import Split
from terrazzo.training.rules.training import ClassWeighting, Training


@dataclass(frozen=True, kw_only=True)
class GNNTraining(Training):
    """How a network on region graphs is trained.

    Parameters
    ----------
    epochs, steps, seconds, patience, learning_rate, weight_decay, weighting, validation, seed, device
        As for `Training`: an epoch, after which the network is judged, has 50 steps. Rare classes count for more by
        default.
    batch_nodes : int
        Regions in a step, at most, in four windows: each has the regions nearest to a place, drawn by annotated area.
    backend : {"auto", "dgl", "torch"}
        What passes messages; "auto" is DGL where it serves the device.
    contrast, brightness : float
        How far the intensities of each channel are altered, in columns that follow from them: by a factor
        exp(N(0, contrast)), and by N(0, brightness) of the deviation of the regions' mean.
    turns : bool
        Whether graphs are turned and mirrored.
    split : Split, optional
        The rows of graphs for training and for validation, in place of `validation`.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    epochs: int = 20
    patience: int = 20
    weight_decay: float = 1e-4
    weighting: ClassWeighting = "balanced"
    batch_nodes: int = 4096
    backend: Literal["auto", "dgl", "torch"] = "auto"
    contrast: float = 0.25
    brightness: float = 0.3
    turns: bool = True
    split: Split | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_nodes < 1:
            raise ParameterError(f"batch_nodes is {self.batch_nodes}; a batch needs at least 1 node")
        if self.backend not in BACKENDS:
            raise ParameterError(f"there is no backend {self.backend!r}; use 'auto', 'dgl' or 'torch'")
        for name in ("contrast", "brightness"):
            if not getattr(self, name) >= 0:
                raise ParameterError(f"{name} is {getattr(self, name)}; it must be at least 0")
