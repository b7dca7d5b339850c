"""Long work shows how far it is: on standard error, so that standard output stays clean."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

# The time left follows from the rate over so long: blocks may take minutes, and several may end at once.
ESTIMATE_SECONDS = 1800


class Display:
    """Bars with a count, a rate and the time that is left.

    Parameters
    ----------
    bars : rich.progress.Progress
        What draws them.
    """

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.tasks: dict[str, TaskID] = {}
        self.began: dict[str, float] = {}
        # pixels that an earlier run has done: they count for nothing in the rate
        self.found: dict[str, int] = {}

    def blocks(self, name: str, done: int, total: int, pixels: int) -> None:
        """Show that `done` of `total` blocks with so many pixels are finished; the first call says how many were."""
        if name in self.tasks and self.bars.tasks[self.tasks[name]].finished:  # the same pass over the next image
            self.bars.reset(self.tasks[name], total=total)
            self.began[name] = self.bars.get_time()
            del self.found[name]
        found = self.found.setdefault(name, pixels)
        rate = (pixels - found) / 1e6 / max(self._seconds(name, total), 1e-9)
        self._show(name, done, total, f"{done}/{total} blocks  {rate:.1f} Mpx/s")

    def graphs(self, done: int, total: int) -> None:
        """Show that `done` of `total` region graphs are built."""
        self._seconds("graphs", total)
        self._show("graphs", done, total, f"{done}/{total} images")

    def epoch(self, number: int, total: int, accuracy: float) -> None:
        """Show that this epoch of at most `total` has ended with this validation accuracy."""
        self._seconds("training", total)
        self._show("training", number, total, f"epoch {number}, validation accuracy {accuracy:.4f}")

    def step(self, name: str) -> None:
        """Show a step of unknown length."""
        self.bars.console.print(name, style="dim")

    def _seconds(self, name: str, total: int) -> float:
        if name not in self.tasks:
            self.tasks[name] = self.bars.add_task(name, total=total, note="")
            self.began[name] = self.bars.get_time()
        return time.monotonic() - self.began[name]

    def _show(self, name: str, done: int, total: int, note: str) -> None:
        self.bars.update(self.tasks[name], completed=done, total=total, note=note)


@contextmanager
def display() -> Iterator[Display]:
    """Give a display for as long as the context lasts."""
    columns = (
        TextColumn("{task.description:>12}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), speed_estimate_period=ESTIMATE_SECONDS) as bars:
        yield Display(bars)
