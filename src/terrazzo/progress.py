"""How long work tells how far it is: to whoever listens, as with Dask's callbacks."""

from __future__ import annotations

import importlib
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, Self, TypeAlias, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


@dataclass(frozen=True)
class Step:
    """How far a piece of work is.

    Parameters
    ----------
    name : str
        What is done: "superpixels", "classes", "levels", "graphs", "epochs", ….
    done, total : int
        Blocks, graphs, epochs or whatever `name` counts; `total` is the most where it may end earlier.
    pixels : int
        Pixels of the image that are done, where blocks are counted; what an earlier run has done is counted.
    detail : object
        More about this step: of "epochs" the `Epoch`, of "comparison" in words what is done next.
    """

    name: str
    done: int
    total: int
    pixels: int = 0
    detail: Any = None


Listener: TypeAlias = Callable[[Step], None]

_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("listeners", default=())


@contextmanager
def on_progress(listener: Listener) -> Iterator[None]:
    """Call a function with each `Step` of the work that is done inside the context, in the thread that asked for it.

    Parameters
    ----------
    listener : callable
        What it raises ends the work, as Ctrl-C would: a run that writes to disk goes on from there when it is called
        again.

    Examples
    --------
    >>> import terrazzo as tz
    >>> with tz.on_progress(lambda step: print(step.name, step.done, "of", step.total)):
    ...     pass  # tz.fit(…), tz.write_prediction(…), tz.score(…)
    """
    token = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(token)


def tell(step: Step) -> None:
    """Call whoever listens."""
    for listener in _listeners.get():
        listener(step)


def is_heard() -> bool:
    """Whether anybody listens."""
    return bool(_listeners.get())


P = ParamSpec("P")
R = TypeVar("R")

# The time left follows from the rate over so long: blocks may take minutes, and several may end at once.
ESTIMATE_SECONDS = 1800
SECONDS_BETWEEN_DRAWINGS = 0.1
SECONDS_BETWEEN_LINES = 30.0

# What is counted; other steps count blocks.
UNITS = {"graphs": "images", "drawing": "images", "images": "images", "comparison": "steps", "training": "steps"}
UNITS |= {name: name for name in ("epochs", "trees", "files", "trials")}
BLOCKS = "blocks"

STEPS = "steps"
"""The steps of an epoch: told so that a fit can be ended within one, and so many that no bar shows them."""


class ProgressBar:
    """Show how far eager work is: a bar for each of its passes, with a count, a rate and the time that is left.

    It is used as Dask's own `ProgressBar`, as a context manager. Where output is no terminal it writes lines: how each
    pass begins and ends, and every 30 seconds how far it is. In a notebook the eager functions show one by themselves,
    unless somebody listens already (see `on_progress`).

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to; by default standard output or, in a notebook, the output of the cell.

    Examples
    --------
    >>> import terrazzo as tz
    >>> with tz.ProgressBar():
    ...     pass  # tz.fit(…), tz.write_prediction(…), tz.score(…)
    """

    def __init__(self, console: Console | None = None) -> None:
        columns = (
            TextColumn("{task.description:>12}"),
            BarColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
        )
        self.bars = Progress(*columns, console=console, speed_estimate_period=ESTIMATE_SECONDS)
        self.tasks: dict[str, TaskID] = {}
        self._began: dict[str, float] = {}
        # pixels that an earlier run has done: they count for nothing in the rate
        self._found: dict[str, int] = {}
        self._cell = _Cell(self.bars) if console is None and is_notebook() else None
        self._lines = _Lines(self.bars) if self._cell is None and not self.bars.console.is_terminal else None
        self._listening: AbstractContextManager[None] | None = None

    def __enter__(self) -> Self:
        if self._cell is None and self._lines is None:
            self.bars.start()
        self._listening = on_progress(self)
        self._listening.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        if self._listening is not None:
            self._listening.__exit__(*error)
        if self._lines is not None:
            self._lines.end()
        elif self._cell is not None:
            self._cell.draw()
        else:
            self.bars.stop()

    def __call__(self, step: Step) -> None:
        """Show a step; the first of a pass says how much an earlier run has done."""
        if step.name == STEPS:
            return
        if step.name not in self.tasks:
            self.tasks[step.name] = self.bars.add_task(step.name, total=step.total, note="")
            self._begin(step)
        elif self._is_another_pass(step):
            self.bars.reset(self.tasks[step.name], total=step.total)
            self._begin(step)
        self.bars.update(self.tasks[step.name], completed=step.done, total=step.total, note=self._note(step))
        if self._cell is not None:
            self._cell.draw_now_and_then()
        if self._lines is not None:
            self._lines.write_now_and_then(self.tasks[step.name])

    def _begin(self, step: Step) -> None:
        self._began[step.name], self._found[step.name] = self.bars.get_time(), step.pixels

    def _is_another_pass(self, step: Step) -> bool:
        """Whether what has this name begins anew: over the next image, say."""
        shown = self.bars.tasks[self.tasks[step.name]]
        return step.done < shown.completed or (shown.finished and step.done < step.total)

    def _note(self, step: Step) -> str:
        unit = UNITS.get(step.name, BLOCKS)
        note = f"{step.done}/{step.total} {unit}"
        if unit == BLOCKS:
            seconds = max(self.bars.get_time() - self._began[step.name], 1e-9)
            rate = (step.pixels - self._found[step.name]) / 1e6 / seconds
            return f"{note}  {_readable_rate(rate)} Mpx/s"
        accuracy = getattr(step.detail, "validation_accuracy", None)
        if accuracy is not None:
            return f"{note}, validation accuracy {accuracy:.4f}"
        return note if step.detail is None else f"{note}  {step.detail}"


def _readable_rate(rate: float) -> str:
    """Return a rate with one decimal, below 1 with two digits that say something."""
    decimals = 1 - math.floor(math.log10(rate)) if 1e-6 < rate < 1 else 1
    return f"{rate:.{decimals}f}"


def shows_progress(function: Callable[P, R]) -> Callable[P, R]:
    """Let an eager function show a `ProgressBar` in a notebook where nobody listens."""

    @wraps(function)
    def shown(*args: P.args, **kwargs: P.kwargs) -> R:
        if is_heard() or not is_notebook():
            return function(*args, **kwargs)
        with ProgressBar():
            return function(*args, **kwargs)

    return shown


def is_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class _Lines:
    """How far it is in lines, where there is no terminal to draw bars on: how a pass begins, goes on and ends."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        # what has been written last of each pass, and when
        self.written: dict[TaskID, tuple[str, float]] = {}

    def write_now_and_then(self, task: TaskID) -> None:
        """Write a line if the pass begins or ends, or none has been written of it for a while."""
        shown = self.bars.tasks[task]
        _, then = self.written.get(task, ("", float("-inf")))
        if shown.completed in (0, shown.total) or self.bars.get_time() - then > SECONDS_BETWEEN_LINES:
            self._write(task)

    def end(self) -> None:
        """Write how passes ended that ended early."""
        for task in self.written:
            self._write(task)

    def _write(self, task: TaskID) -> None:
        shown = self.bars.tasks[task]
        line, now = f"{shown.description}: {shown.fields['note']}", self.bars.get_time()
        if line != self.written.get(task, ("",))[0]:
            self.bars.console.print(line, markup=False, highlight=False, soft_wrap=True)
        self.written[task] = line, now


class _Cell:
    """The bars as the output of a notebook's cell, from the first step on: rich's own would need ipywidgets."""

    def __init__(self, bars: Progress) -> None:
        self.bars, self.drawn = bars, 0.0
        self.handle: Any = None

    def draw_now_and_then(self) -> None:
        if self.bars.get_time() - self.drawn > SECONDS_BETWEEN_DRAWINGS:
            self._draw()

    def draw(self) -> None:
        """Draw how it ends."""
        if self.bars.tasks:
            self._draw()

    def _draw(self) -> None:
        if self.handle is None:
            self.handle = importlib.import_module("IPython.display").display(self.bars, display_id=True)
        else:
            self.handle.update(self.bars)
        self.drawn = self.bars.get_time()
