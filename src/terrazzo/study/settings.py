"""How a search goes: how many trees, what each is granted, and what is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from terrazzo.blockwise.cluster.available_memory import bytes_of
from terrazzo.errors import ParameterError
from terrazzo.settings import Settings
from terrazzo.training.rules.training import check_length, check_seed

Quality = Literal["mean_iou", "accuracy", "adjusted_rand"]
QUALITIES = ("mean_iou", "accuracy", "adjusted_rand")
SPEED = "seconds_per_megapixel"


def quality_text(quality: str) -> str:
    """Return a figure's name for people."""
    return quality.replace("_", " ").replace("iou", "IoU")


SECONDS = 120.0
"""What a trial is granted where nothing is said."""


@dataclass(frozen=True, kw_only=True)
class Searching(Settings):
    """How a search goes.

    Parameters
    ----------
    trials : int
        Trees in all, those that fail or are stopped early included. A study that is there goes on with more.
    random : int, optional
        How many are drawn at random before Optuna improves the best; half of `trials` by default.
    seconds : float, optional
        About how long each trains, with what comes before: 120, unless `steps` are given.
    steps : int, optional
        How many steps each trains, in place of seconds: trees are then the same whichever machine they run on.
    memory : int or str, optional
        Bytes that a trial may hold, or text such as "4GiB"; by default its share of the machine's, or of its worker's.
        What is projected to take more is not tried; on a CPU the system refuses it more as well.
    objective : {"mean_iou", "accuracy", "adjusted_rand"}, or one of them and "seconds_per_megapixel"
        What is to be high on the validation side; with two, what is to be low beside it.
    prune : bool
        Whether trials are stopped at a quarter and at half of their training whose validation is not among the better
        half of those that came as far (successive halving). Not with two objectives.
    keep : int
        How many of the best models are kept apart and measured on the test side.
    seed : int
    device : str
        "auto", "cpu", "cuda" or "cuda:0".

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    trials: int = 40
    random: int | None = None
    seconds: float | None = None
    steps: int | None = None
    memory: int | str | None = None
    objective: Quality | Sequence[str] = "mean_iou"
    prune: bool = True
    keep: int = 4
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name in ("trials", "keep"):
            if getattr(self, name) < 1:
                raise ParameterError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.random is not None and not 1 <= self.random <= self.trials:
            raise ParameterError(f"random is {self.random}; it must be 1 to {self.trials}, the trials in all")
        check_length(self.seconds, self.steps)
        if self.steps is None and self.seconds is None:
            object.__setattr__(self, "seconds", SECONDS)
        check_seed(self.seed)
        if self.memory is not None:
            object.__setattr__(self, "memory", bytes_of(self.memory, "memory"))
        given = (self.objective,) if isinstance(self.objective, str) else tuple(self.objective)
        object.__setattr__(self, "objective", given[0] if len(given) == 1 else given)
        if given[:1] not in [(one,) for one in QUALITIES] or given[1:] not in ((), (SPEED,)):
            raise ParameterError(
                f"objective is {', '.join(given)}; give one of {', '.join(QUALITIES)}, alone or followed by {SPEED}"
            )

    @property
    def objectives(self) -> tuple[str, ...]:
        """The figures that decide, quality first."""
        return (self.objective,) if isinstance(self.objective, str) else tuple(self.objective)

    @property
    def drawn(self) -> int:
        """How many trees are drawn at random."""
        return (self.trials + 1) // 2 if self.random is None else self.random

    def decides(self) -> dict[str, Any]:
        """Return by name what may not change while a study goes on."""
        free = ("trials", "random", "keep", "memory", "device")
        values = {name: value for name, value in asdict(self).items() if name not in free}
        return values | {"objective": list(self.objectives)}
