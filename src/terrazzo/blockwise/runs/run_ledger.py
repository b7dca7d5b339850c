"""Where the time of a run goes: the stages of its tasks, summed, and what its threads waited for between them."""

from __future__ import annotations

import time
from typing import Any

from terrazzo.ledger import Spent, TaskLedger


class PassLedger:
    """Sums the tasks of one pass over the blocks, from now on."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self.tasks, self.stages = 0, dict[str, Spent]()
        self._first: dict[tuple[str, int, int], float] = {}
        self._cores: dict[tuple[str, int], tuple[float, float]] = {}

    def add(self, task: TaskLedger) -> None:
        """Add a task that has just ended."""
        self.tasks += 1
        for name, spent in task.stages.items():
            self.stages[name] = self.stages.get(name, Spent()) + spent
        self._first.setdefault(task.thread, time.perf_counter() - task.seconds)
        (began, ended), process = task.process_core_seconds, task.thread[:2]
        first, last = self._cores.get(process, (began, ended))
        self._cores[process] = min(first, began), max(last, ended)

    def plain(self) -> dict[str, Any]:
        """Return it as values of JSON, as the pass ends: seconds by the wall, of cores, and bytes, by stage.

        Threads that had a task count from the pass's beginning: "starting" until the first task of each, "waiting"
        between tasks and after the last, for blocks to be handed out and for other threads. "core_seconds" are those
        of whole processes from their first task to their last, threads that decode and compress included.
        """
        seconds, threads = time.perf_counter() - self._began, len(self._first)
        starting = sum(max(0.0, first - self._began) for first in self._first.values())
        busy = sum(spent.seconds for spent in self.stages.values())
        return {
            "seconds": round(seconds, 3),
            "threads": threads,
            "tasks": self.tasks,
            "core_seconds": round(sum(last - first for first, last in self._cores.values()), 3),
            "starting": round(starting, 3),
            "waiting": round(max(0.0, threads * seconds - starting - busy), 3),
            "stages": {name: _plain(spent) for name, spent in self.stages.items()},
        }


def _plain(spent: Spent) -> dict[str, Any]:
    return {
        "seconds": round(spent.seconds, 4),
        "core_seconds": round(spent.core_seconds, 4),
        "bytes": spent.bytes,
    }
