"""Work in a thread, one piece at a time: the window never waits for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any

from napari.qt.threading import thread_worker
from qtpy.QtCore import QObject, Signal

from terrazzo.errors import TerrazzoError
from terrazzo.napari.qt.notices import warn
from terrazzo.napari.work import StoppedError, heard

Tells = Callable[[Any], None]
Work = Callable[[Tells, Event], Any]


@dataclass(frozen=True, eq=False)
class _Ended:
    """How work ended: with what it returned, or with a sentence about a mistake; or it was stopped."""

    returned: Any = None
    mistake: str | None = None
    stopped: bool = False


class Runner(QObject):
    """Runs one piece of work at a time in a thread, tells this one what it tells, and stops it when asked.

    Signals
    -------
    told : object
        Whatever the work tells, in the thread of the window.
    began, ended : str, bool
        The name of the work, and whether it came to its end.
    """

    told = Signal(object)
    began = Signal(str)
    ended = Signal(str, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stop = Event()
        self._running: str | None = None
        self._next: tuple[str, Work, Callable[[Any], None] | None] | None = None

    @property
    def running(self) -> str | None:
        """The name of the work that runs, if any does."""
        return self._running

    @property
    def waits(self) -> bool:
        """Whether other work begins when what runs has ended."""
        return self._next is not None

    def start(self, name: str, work: Work, then: Callable[[Any], None] | None = None) -> None:
        """Start a piece of work; what runs is stopped first, and what waits is forgotten.

        Parameters
        ----------
        name : str
        work : callable
            Takes a function to tell things to, and an event that is set when it is to stop. Its `Step`s are told.
        then : callable, optional
            Is called with what it returns, in the thread of the window.
        """
        if self._running is not None:
            self._next = (name, work, then)
            self._stop.set()
            return
        self._stop = stop = Event()
        self._running = name
        worker = thread_worker(_run)(work, self.told.emit, stop)
        worker.returned.connect(lambda ended: self._end(ended, then))
        worker.errored.connect(lambda _: self._end(_Ended(stopped=True), None))
        self.began.emit(name)
        worker.start()

    def stop(self) -> None:
        """Stop what runs at its next step, and forget what waits."""
        self._next = None
        self._stop.set()

    def _end(self, ended: _Ended, then: Callable[[Any], None] | None) -> None:
        name, self._running = self._running or "", None
        if ended.mistake is not None:
            warn(ended.mistake)
        finished = ended.mistake is None and not ended.stopped
        self.ended.emit(name, finished)
        if finished and then is not None:
            then(ended.returned)
        if self._next is not None and self._running is None:
            waiting, self._next = self._next, None
            self.start(*waiting)


def _run(work: Work, tells: Tells, stop: Event) -> _Ended:
    try:
        with heard(tells, stop):
            return _Ended(work(tells, stop))
    except StoppedError:
        return _Ended(stopped=True)
    except TerrazzoError as error:
        return _Ended(mistake=str(error))
