"""How a random forest is grown."""

from __future__ import annotations

from dataclasses import dataclass

from terrazzo.errors import ParameterError
from terrazzo.settings import Settings
from terrazzo.training.rules.training import Validation, check_seconds, check_seed, checked_validation


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
