"""How a network is trained: how long, how fast, on what and where."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from terrazzo.errors import ParameterError
from terrazzo.settings import Settings

if TYPE_CHECKING:
    from terrazzo.training.rules.splits import Validation

ClassWeighting: TypeAlias = Literal["balanced"] | None
PixelLoss: TypeAlias = Literal["cross-entropy", "dice", "lovasz"]

WIDEST = 100.0
"""Pixels that weights may be wide which rise towards boundaries: three times as many are read around a patch."""


@dataclass(frozen=True, kw_only=True)
class Training(Settings):
    """What the training of every network is told.

    Parameters
    ----------
    epochs : int
        The most there may be.
    seconds : float, optional
        About how many seconds training and all that comes before it may take. How many steps that is, is fixed once,
        from the pace of the first 20; `fitted["steps"]` of the model says it. There are 40 at least, unless the
        first three show that these would take more than twice as long.
    steps : int, optional
        The number of steps in all, in place of what `epochs` give; the last epoch may be shorter. The number that a fit
        with `seconds` came to repeats that fit on the same machine. Not together with `seconds`.
    patience : int
        Epochs without a better validation before training stops. Networks on superpixels, which are judged by mean
        IoU, need a quarter of them once it is 0.98 or more, and none where it is 1; a U-Net is judged by its loss. The
        weights are those of the best epoch.
    learning_rate : float
        The peak: it rises linearly over the first 20 steps and then falls as a cosine to 0 at the last.
    weight_decay : float
        Of the matrices; biases and norms do not decay.
    weighting : {"balanced", None}
        "balanced": rare classes count for more, by the inverse square root of their share.
    validation : float or sequence of int
        Share of the annotated pixels to hold out, about; or the numbers of the images to hold out, counted from 0.
    seed : int
        Of the split, the first weights, dropout and the order of batches; torch's own state stays as it was.
    device : str
        "auto", "cpu", "cuda" or "cuda:0".

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    epochs: int = 200
    seconds: float | None = None
    steps: int | None = None
    patience: int = 40
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    weighting: ClassWeighting = None
    validation: Validation = 0.2
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.patience < 1:
            raise ParameterError(f"epochs is {self.epochs} and patience {self.patience}; both must be at least 1")
        check_length(self.seconds, self.steps)
        if self.steps is not None:  # a model's figures are floats
            object.__setattr__(self, "steps", int(self.steps))
        if not self.learning_rate > 0 or not self.weight_decay >= 0:
            raise ParameterError(
                f"learning_rate is {self.learning_rate} and weight_decay {self.weight_decay}; "
                "the first must be above 0 and the second at least 0"
            )
        if self.weighting not in ("balanced", None):
            raise ParameterError(f"there is no class weighting {self.weighting!r}; use 'balanced' or None")
        check_seed(self.seed)
        object.__setattr__(self, "validation", checked_validation(self.validation))


def check_length(seconds: float | None, steps: int | None) -> None:
    """Raise a ParameterError if training is as long as no training can be, or if both say how long it is."""
    if steps is not None and steps < 1:
        raise ParameterError(f"steps is {steps}; it must be at least 1, or left out")
    check_seconds(seconds)
    if steps is not None and seconds is not None:
        raise ParameterError(
            f"steps is {steps} and seconds {seconds:g}; both say how long training is, so leave one out"
        )


def check_seconds(seconds: float | None) -> None:
    """Raise a ParameterError if a limit in seconds is none."""
    if seconds is not None and not seconds > 0:
        raise ParameterError(f"seconds is {seconds}; it must be above 0, or left out")


def check_seed(seed: int) -> None:
    """Raise a ParameterError if no random numbers begin with a seed."""
    if seed < 0:
        raise ParameterError(f"seed is {seed}; it must be at least 0")


def checked_validation(validation: Validation) -> Validation:
    """Return what is held out, as a tuple where images are named; a ParameterError if a share is out of range."""
    if not isinstance(validation, int | float):
        return tuple(int(number) for number in validation)
    if not 0 < validation < 1:
        raise ParameterError(f"validation is {validation}; it must be a share above 0 and below 1")
    return validation


@dataclass(frozen=True, kw_only=True)
class PixelTraining(Training):
    """What the training of a network that decides on pixels is told.

    Parameters
    ----------
    epochs, seconds, steps, patience, learning_rate, weight_decay, weighting, validation, seed, device
        As for `Training`.
    loss : {"cross-entropy", "dice", "lovasz"}
        What pixels pay: cross entropy, and beside it with "dice" 1 less the mean Dice coefficient of the classes in a
        step, with "lovasz" the Lovász extension of 1 less their mean IoU. In these all classes count alike, whatever
        `weighting` says.
    boundary : float
        How much more than 1 an annotated pixel counts that lies at a boundary between two classes; 0: as much as any.
    boundary_width : float
        In pixels: so far from a boundary 0.61 of that is left, and 3 times as far nothing.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    loss: PixelLoss = "cross-entropy"
    boundary: float = 0.0
    boundary_width: float = 4.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loss not in get_args(PixelLoss):
            raise ParameterError(f"there is no loss {self.loss!r}; use 'cross-entropy', 'dice' or 'lovasz'")
        if not 0 <= self.boundary < math.inf or not 0 < self.boundary_width <= WIDEST:
            raise ParameterError(
                f"boundary is {self.boundary} and boundary_width {self.boundary_width}; the first must be at least 0, "
                f"the second above 0 and at most {WIDEST:g} pixels"
            )


@dataclass(frozen=True, kw_only=True)
class UNetTraining(PixelTraining):
    """How a U-Net is trained: what every network of pixels is told, and the patches that it sees.

    Parameters
    ----------
    epochs, seconds, steps, patience, learning_rate, weight_decay, validation, seed, device
        As for `Training`. An epoch sees about as many pixels as are annotated, in 25 to 100 steps; seconds count what
        is read before. A GPU or processor that has bfloat16 computes in it.
    loss, boundary, boundary_width
        As for `PixelTraining`.
    weighting : {"balanced", None}
        As for `Training`, but "balanced" by default.
    patch : int or sequence of int, optional
        Side of a patch in pixels, a multiple of the network's stride; by default 128, in volumes 64, or what the
        images have if that is less.
    batch : int
        Patches in one step.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    weighting: ClassWeighting = "balanced"
    patch: int | Sequence[int] | None = None
    batch: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.patch is not None and not isinstance(self.patch, int):
            object.__setattr__(self, "patch", tuple(self.patch))
        if self.batch < 1:
            raise ParameterError(f"batch is {self.batch}; it must be at least 1")


@dataclass(frozen=True, kw_only=True)
class ForestTraining(Settings):
    """How a random forest is grown.

    Parameters
    ----------
    samples : int
        Annotated pixels that are drawn to learn from, about; a quarter of it from those for validation.
    trees : int
        The most trees.
    patience : int
        Tens of trees without a better validation loss before it stops.
    seconds : float, optional
        After these no further trees are added; sampling counts as well.
    validation : float or sequence of int
        Share of the annotated pixels to hold out, about; or the numbers of the images to hold out, counted from 0.
    seed : int
        Of the split, the pixels that are drawn and the trees.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    samples: int = 100_000
    trees: int = 200
    patience: int = 3
    seconds: float | None = None
    validation: Validation = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.samples, self.trees, self.patience) < 1:
            raise ParameterError(
                f"samples, trees and patience are {self.samples}, {self.trees}, {self.patience}; each must be at "
                "least 1"
            )
        check_seconds(self.seconds)
        check_seed(self.seed)
        object.__setattr__(self, "validation", checked_validation(self.validation))
