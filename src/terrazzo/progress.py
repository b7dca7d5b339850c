"""How long work tells how far it is: to whoever listens, as with Dask's callbacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias


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
