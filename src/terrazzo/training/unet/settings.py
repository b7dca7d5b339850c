"""How a U-Net is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from terrazzo.errors import ParameterError
from terrazzo.training.rules.training import Training


@dataclass(frozen=True, kw_only=True)
class UNetTraining(Training):
    """How a U-Net is trained: what every network is told (`Training`), and the patches that it sees.

    Parameters
    ----------
    epochs, seconds, patience, learning_rate, weight_decay, weighting, validation, seed, device
        As for `Training`. An epoch sees about as many pixels as are annotated, in 8 to 100 steps; seconds count what
        is read before. A GPU that has bfloat16 computes in it.
    patch : int or sequence of int, optional
        Side of a patch in pixels, a multiple of the network's stride; by default 256, in volumes 64, or what the
        images have if that is less.
    batch : int
        Patches in one step.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    patch: int | Sequence[int] | None = None
    batch: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.patch is not None and not isinstance(self.patch, int):
            object.__setattr__(self, "patch", tuple(self.patch))
        if self.batch < 1:
            raise ParameterError(f"batch is {self.batch}; it must be at least 1")
