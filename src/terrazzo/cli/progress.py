"""Long work shows how far it is: on standard error, so that standard output stays clean."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from terrazzo.progress import Step, progress

# The time left follows from the rate over so long: blocks may take minutes, and several may end at once.
ESTIMATE_SECONDS = 1800


NOTES: dict[str, Callable[[Step], str]] = {
    "graphs": lambda step: f"{step.done}/{step.total} images",
    "epochs": lambda step: f"epoch {step.done}, validation accuracy {step.detail.validation_accuracy:.4f}",
    "trees": lambda step: f"{step.done} trees",
}
"""What stands beside the bar of work that is not counted in blocks."""


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

    def listen(self, step: Step) -> None:
        """Show how far a piece of work is."""
        if isinstance(step.detail, str):  # what is done next, of unknown length
            count = f"{step.done + 1} of {step.total}: " if step.total > 1 else ""
            self.bars.console.print(f"{count}{step.detail}", style="dim")
        elif step.name in NOTES:
            self._seconds(step.name, step.total)
            self._show(step.name, step.done, step.total, NOTES[step.name](step))
        else:
            self.blocks(step.name, step.done, step.total, step.pixels)

    def _seconds(self, name: str, total: int) -> float:
        if name not in self.tasks:
            self.tasks[name] = self.bars.add_task(name, total=total, note="")
            self.began[name] = self.bars.get_time()
        return time.monotonic() - self.began[name]

    def _show(self, name: str, done: int, total: int, note: str) -> None:
        self.bars.update(self.tasks[name], completed=done, total=total, note=note)


@contextmanager
def display() -> Iterator[Display]:
    """Give a display that shows what is told, for as long as the context lasts."""
    columns = (
        TextColumn("{task.description:>12}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), speed_estimate_period=ESTIMATE_SECONDS) as bars:
        shown = Display(bars)
        with progress(shown.listen):
            yield shown
