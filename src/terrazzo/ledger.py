"""Where the time of a task goes: each moment of it belongs to one stage, which whoever computes enters by name.

`with stage("smooth"):` takes the time from the stage around it, so that the stages of a task add up to the task. Where
nobody holds a `Stopwatch`, it does nothing. What is told decides nothing: no answer and no fingerprint has it.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Self

# What is in no stage: handing over, collecting garbage, loading what was compiled.
REST = "rest"


@dataclass(frozen=True)
class Spent:
    """What a stage took.

    Parameters
    ----------
    seconds : float
        By the clock on the wall.
    core_seconds : float
        Of a core, by the task's own thread: what is missing to `seconds` was waited for, as for the disk, for threads
        that decode and compress, or for a core.
    bytes : int
        Of the arrays that it read or wrote, before compression.
    """

    seconds: float = 0.0
    core_seconds: float = 0.0
    bytes: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.seconds + other.seconds, self.core_seconds + other.core_seconds, self.bytes + other.bytes)


@dataclass(frozen=True)
class TaskLedger:
    """Where the time of a task went; small to send.

    Parameters
    ----------
    stages : dict of str to Spent
        In the order in which they were first entered.
    thread : tuple of (str, int, int)
        Where it ran: machine, process and thread.
    process_core_seconds : tuple of (float, float)
        What all threads of that process had taken when it began and when it ended.
    """

    stages: dict[str, Spent]
    thread: tuple[str, int, int]
    process_core_seconds: tuple[float, float]

    @property
    def seconds(self) -> float:
        """Of the whole task."""
        return sum(spent.seconds for spent in self.stages.values())


class Stopwatch:
    """Runs for as long as its context lasts, in its thread; the stages that are entered meanwhile are told to it."""

    def __init__(self) -> None:
        self._spent: dict[str, list[float]] = {}
        self._stage, self._since = REST, (0.0, 0.0)

    def __enter__(self) -> Self:
        self._began = time.process_time()
        self._token: Token[Stopwatch | None] = _running.set(self)
        self._since = time.perf_counter(), time.thread_time()
        return self

    def __exit__(self, *error: object) -> None:
        self.enter(REST)
        _running.reset(self._token)
        self._ended = time.process_time()

    def enter(self, name: str) -> str:
        """Begin a stage, and return the one that ends with it."""
        now, spent = (time.perf_counter(), time.thread_time()), self._of(self._stage)
        spent[0] += now[0] - self._since[0]
        spent[1] += now[1] - self._since[1]
        before, self._stage, self._since = self._stage, name, now
        return before

    def count(self, count: int) -> None:
        """Count bytes for the stage that runs."""
        self._of(self._stage)[2] += count

    @property
    def ledger(self) -> TaskLedger:
        """Where the time went, once the context has ended."""
        stages = {name: Spent(wall, core, int(count)) for name, (wall, core, count) in self._spent.items()}
        thread = (socket.gethostname(), os.getpid(), threading.get_ident())
        return TaskLedger(stages, thread, (self._began, self._ended))

    def _of(self, name: str) -> list[float]:
        return self._spent.setdefault(name, [0.0, 0.0, 0])


_running: ContextVar[Stopwatch | None] = ContextVar("stopwatch", default=None)


class stage:  # noqa: N801, as the contexts of contextlib are called
    """A stage of a task, as a context inside one function: a generator would hold it while others compute.

    Parameters
    ----------
    name : str
    """

    __slots__ = ("_before", "_watch", "name")

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        self._watch = _running.get()
        if self._watch is not None:
            self._before = self._watch.enter(self.name)

    def __exit__(self, *error: object) -> None:
        if self._watch is not None:
            self._watch.enter(self._before)


def count_bytes(count: int) -> None:
    """Count bytes that the stage which runs has read or written."""
    watch = _running.get()
    if watch is not None:
        watch.count(count)
