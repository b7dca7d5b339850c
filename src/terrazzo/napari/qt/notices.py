"""Mistakes as a notification of one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from napari.utils.notifications import show_info, show_warning

from terrazzo.errors import TerrazzoError


def say(sentence: str) -> None:
    """Show a sentence."""
    show_info(sentence)


def warn(sentence: str) -> None:
    """Show a sentence about a mistake."""
    show_warning(sentence)


@contextmanager
def said() -> Iterator[None]:
    """Show a mistake that is raised inside the context, which then ends."""
    try:
        yield
    except TerrazzoError as error:
        warn(str(error))
