"""How fast does a network learn at each step, and how many steps are there? The rate follows steps, not the clock."""

from __future__ import annotations

import logging
import math
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from terrazzo.training.rules.training import Training

_log = logging.getLogger(__name__)

WARM_UP = 20
"""Steps in which the learning rate rises to its peak."""

LEAST_STEPS = 2 * WARM_UP
"""However few seconds there are, so many steps are taken if they at most double these, or what came before them."""

LOOK, FEWEST = 3, 7
"""After so many steps it is seen whether there are far too few seconds; so many are taken in any case."""


@dataclass(frozen=True)
class Schedule:
    """A learning rate that rises linearly over the first steps and then falls to 0 as a cosine.

    With twice as many steps as the warm-up or more, the rates of the warm-up are the same for any number of steps, and
    those of the first three with 7 or more: the number can be fixed while they are taken.

    Parameters
    ----------
    steps : int
        In all.
    peak : float
        The highest rate.
    warm_up : int
        Steps up to the peak; half of all steps, where those are fewer.
    """

    steps: int
    peak: float
    warm_up: int = WARM_UP

    def rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0; that of `steps`, the one after the last, is 0."""
        rises = min(self.warm_up, -(-self.steps // 2))
        if step < min(LOOK, rises - 1):
            return self.peak * (step + 1) / self.warm_up
        if step < rises:
            return self.peak * (step + 1) / rises
        return self.peak * (1 + math.cos(math.pi * (step + 1 - rises) / (self.steps + 1 - rises))) / 2


@dataclass(frozen=True)
class Cost:
    """What a step and a round of validation take, in seconds; after each epoch of so many steps is a round."""

    step: float
    validation: float
    epoch: int

    def of(self, first: int, last: int) -> float:
        """Return the seconds from after step `first`, before its round, to the round after `last`, the final step."""
        rounds = -(-last // self.epoch) - (first - 1) // self.epoch
        return (last - first) * self.step + rounds * self.validation

    def steps_within(self, seconds: float, done: int, most: int) -> int:
        """Return how many steps there may be in all, from `done` to `most`, if so many seconds are left."""
        candidates = range(done + 1, most + 1)
        return done + bisect_right(candidates, seconds, key=lambda last: self.of(done, last))


class Pace:
    """How many steps there are: known from the start or, where seconds are limited, measured in the warm-up.

    Where the quicker of the second and the third step shows that not even the least steps end within twice the seconds,
    or twice what came before training where that is more, as many are taken as do.

    A loop takes the rate of each step from `schedule`, and calls `after` when it is done. What it gives in the end,
    `schedule.steps`, repeats the run when it is given as `Training.steps`.

    Parameters
    ----------
    training : Training
    epoch : int
        Steps of an epoch.
    began : float, optional
        The `time.monotonic()` at which the seconds began to count; by default now.
    """

    def __init__(self, training: Training, epoch: int, began: float | None = None) -> None:
        steps = training.epochs * epoch if training.steps is None else training.steps
        self.schedule = Schedule(steps, training.learning_rate)
        self._began = time.monotonic() if began is None else began
        self._epoch, self._seconds = epoch, training.seconds or math.inf
        self._most = 2 * max(self._seconds, time.monotonic() - self._began)
        self._open = training.seconds is not None and steps > FEWEST
        self._first = self._second = self._judged = self._round = 0.0

    @property
    def epochs(self) -> int:
        """How many epochs there are, as far as is known; the last may be shorter."""
        return -(-self.schedule.steps // self._epoch)

    @contextmanager
    def judging(self) -> Iterator[None]:
        """Note how long a round of validation takes."""
        began = time.monotonic()
        yield
        self._round = time.monotonic() - began
        self._judged += self._round

    def after(self, step: int, wait: Callable[[], object], judge: Callable[[], object]) -> None:
        """Note that so many steps are done; after those of the warm-up, or three, the number of steps is fixed.

        Parameters
        ----------
        step : int
        wait : callable
            Waits until the device has done them.
        judge : callable
            Does a round of validation, which is measured if there was none.
        """
        if not self._open or step not in (1, 2, LOOK, self.schedule.warm_up) or step >= self.schedule.steps:
            return
        wait()
        if step == 1:  # it compiles and allocates
            self._first = time.monotonic()
            return
        taken = time.monotonic() - self._first - self._judged
        if step == 2:
            self._second = taken
            return
        # one step that the machine held up says nothing
        each = min(self._second, taken - self._second) if step == LOOK else taken / (step - 1)
        least = min(LEAST_STEPS, self.schedule.steps)
        most = self._within(self._most, each, step)
        if step == LOOK and most >= least:
            return
        if not self._round and most > FEWEST:
            with self.judging():
                judge()
        steps = self._within(self._seconds, each, step)
        if steps < least:
            # later the warm-up would have been another
            steps = max(FEWEST, self._within(self._most, each, step)) if step == LOOK else least
            _log.warning(
                "%g s are too few for %d steps and what comes before them: the network learns for %d; give more",
                self._seconds,
                least,
                steps,
            )
        self._fix(steps)

    def _within(self, seconds: float, each: float, step: int) -> int:
        """Return how many steps there may be if training ends so many seconds after it all began."""
        left = seconds - (time.monotonic() - self._began)
        return Cost(each, self._round, self._epoch).steps_within(left, step, self.schedule.steps)

    def _fix(self, steps: int) -> None:
        self._open, self.schedule = False, replace(self.schedule, steps=min(steps, self.schedule.steps))
