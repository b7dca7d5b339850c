"""Long work shows how far it is: on standard error, so that standard output stays clean."""

from __future__ import annotations

from rich.console import Console

from terrazzo.progress_bar import ProgressBar


def display() -> ProgressBar:
    """Return what shows the work of a command for as long as its context lasts."""
    return ProgressBar(Console(stderr=True))
