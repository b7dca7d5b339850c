"""Long work shows how far it is: on standard error, so that standard output stays clean."""

from __future__ import annotations

from rich.console import Console

from terrazzo.progress import Step
from terrazzo.progress_bar import ProgressBar


class Display(ProgressBar):
    """The bars of a command: what is done inside its context shows by itself."""

    def __init__(self) -> None:
        super().__init__(Console(stderr=True))

    def graphs(self, done: int, total: int) -> None:
        """Show that `done` of `total` region graphs are built."""
        self(Step("graphs", done, total))

    def epoch(self, number: int, total: int, accuracy: float) -> None:
        """Show that this epoch of at most `total` has ended with this validation accuracy."""
        self(Step("epochs", number, total, detail=f"validation accuracy {accuracy:.4f}"))

    def step(self, name: str) -> None:
        """Show a step of unknown length."""
        self.bars.console.print(name, style="dim")


def display() -> Display:
    """Return what shows the work of a command for as long as its context lasts."""
    return Display()
