"""A cluster that says nothing itself: its loggers are silenced, and no handler, which others may share, is touched.

A task's error comes to the client as one, so that neither its worker nor the scheduler need tell of it as well.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from distributed import Nanny, Worker

LOGGERS = ("distributed", "bokeh", "tornado")


@contextmanager
def quiet() -> Iterator[None]:
    """Let the loggers of a cluster say only what is critical, here, for as long as the context lasts."""
    before = {logger: logger.level for logger in _loggers() if logger.level != logging.CRITICAL}
    _silence()
    try:
        yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)


class QuietWorker(Worker):  # type: ignore[misc]
    """A worker whose process says only what is critical."""

    def __init__(self, *args: Any, **options: Any) -> None:
        _silence()
        super().__init__(*args, **options)


class QuietNanny(Nanny):  # type: ignore[misc]
    """What starts quiet workers, again where one died."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, worker_class=QuietWorker, **options)


def _silence() -> None:
    for logger in _loggers():
        logger.setLevel(logging.CRITICAL)


def _loggers() -> list[logging.Logger]:
    """Return those that have a level of their own, and those above the others."""
    names = (*LOGGERS, *(name for name in logging.root.manager.loggerDict if name.split(".")[0] in LOGGERS))
    found = map(logging.getLogger, dict.fromkeys(names))
    return [logger for logger in found if logger.level or logger.name in LOGGERS]
