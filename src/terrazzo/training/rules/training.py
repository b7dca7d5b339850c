"""How a network is trained: how long, how fast, on what and where."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, TypeVar

from terrazzo.errors import ParameterError
from terrazzo.settings import Settings

_log = logging.getLogger(__name__)

ClassWeighting: TypeAlias = Literal["balanced"] | None
Validation: TypeAlias = float | Sequence[int]
"""The share of the annotated pixels to hold out, about; or the numbers of the images to hold out, counted from 0."""

MOST_OF_FIRST = 0.5
"""How far into the run the first epoch may be, by its seconds: the rate is then half its peak."""

WARM_UP = 0.05
"""Share of the run in which the learning rate rises to its peak."""

T = TypeVar("T", bound="Training")


@dataclass(frozen=True, kw_only=True)
class Training(Settings):
    """What the training of every network is told.

    Parameters
    ----------
    epochs : int
        The most there may be.
    seconds : float, optional
        The most seconds of training and of all that comes before it: after these no further epoch starts, and the
        learning rate falls in time for it.
    patience : int
        Epochs without a better validation loss before training stops.
    learning_rate : float
        The peak: it rises linearly at first and then falls as a cosine.
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
        if not self.learning_rate > 0 or not self.weight_decay >= 0:
            raise ParameterError(
                f"learning_rate is {self.learning_rate} and weight_decay {self.weight_decay}; "
                "the first must be above 0 and the second at least 0"
            )
        if self.weighting not in ("balanced", None):
            raise ParameterError(f"there is no class weighting {self.weighting!r}; use 'balanced' or None")
        check_seconds(self.seconds)
        check_seed(self.seed)
        object.__setattr__(self, "validation", checked_validation(self.validation))

    def left(self: T, began: float) -> T:
        """Return what is left if the seconds began to count at that `time.monotonic()`.

        Where none are left, it is one epoch without a limit.
        """
        if self.seconds is None:
            return self
        left = self.seconds - (time.monotonic() - began)
        if left > 0:
            return replace(self, seconds=left)
        _log.warning("what comes before training took all of its %g s: the network learns for one epoch", self.seconds)
        return replace(self, seconds=None, epochs=1)

    def rate(self, epochs_done: float, seconds: float) -> float:
        """Return the learning rate after some epochs and seconds."""
        done = epochs_done / self.epochs
        if self.seconds is not None:
            # however few seconds there are, the first epoch learns
            done = max(done, min(seconds / self.seconds, 1 if epochs_done >= 1 else MOST_OF_FIRST))
        if done < WARM_UP:
            return self.learning_rate * (done / WARM_UP + 0.01)
        return self.learning_rate * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2


def check_seconds(seconds: float | None) -> None:
    """Raise a ParameterError if a limit in seconds is none."""
    if seconds is not None and not seconds > 0:
        raise ParameterError(f"seconds is {seconds}; it must be above 0, or None for no limit")


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
