"""Windows of an array that were read last, kept in memory: many small chunks are cut out of a few reads."""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.errors import InputError

MOST_BYTES = 2**27

Window: TypeAlias = tuple[slice, ...]
Read: TypeAlias = Callable[[Window], NDArray[Any]]


class KeptWindows:
    """Arrays by their key; the ones that were asked for longest ago are let go first.

    Parameters
    ----------
    most_bytes : int
        What all of them hold together.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self._found: OrderedDict[Hashable, Future[NDArray[Any]]] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False

    def get(self, key: Hashable, read: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Return what is kept under a key, or else what `read` gives; threads that ask for the same wait for one.

        Raises
        ------
        InputError
            If it was closed: a long read ends at its next window.
        """
        with self._lock:
            if self._closed:
                raise InputError("the page is closed; open it again")
            known, mine = self._found.get(key), Future[NDArray[Any]]()
            if known is None:
                self._found[key] = mine
            else:
                self._found.move_to_end(key)
        if known is not None:
            return known.result()
        try:
            values = read()
        except BaseException as error:
            with self._lock:
                del self._found[key]
            mine.set_exception(error)
            raise
        mine.set_result(values)
        with self._lock:
            self.bytes += values.nbytes
            self._make_room()
        return values

    def close(self) -> None:
        """Let go of all, and read nothing more."""
        with self._lock:
            self._closed = True

    def _make_room(self) -> None:
        for key in [key for key, future in self._found.items() if future.done()]:
            if self.bytes <= self.most_bytes:
                return
            self.bytes -= self._found.pop(key).result().nbytes


@dataclass(frozen=True, eq=False)
class InWindows:
    """A reader of any window, which reads windows of a fixed grid and keeps them.

    Parameters
    ----------
    read : callable
        What reads a window of the array.
    shape, side : tuple of int
        Of the array and of the grid's windows, along the same axes.
    dtype : numpy.dtype
        Of what is read.
    kept : KeptWindows
        Where they are kept.
    """

    read: Read
    shape: tuple[int, ...]
    side: tuple[int, ...]
    dtype: np.dtype[Any]
    kept: KeptWindows

    def __call__(self, window: Window) -> NDArray[Any]:
        """Read a window without steps."""
        asked = Box(tuple(part.start for part in window), tuple(part.stop for part in window))
        spans = (range(a // n, -(-b // n)) for a, b, n in zip(asked.start, asked.stop, self.side, strict=True))
        found = np.empty(asked.shape, self.dtype)
        for index in itertools.product(*spans):
            box = self._box(index)
            both = box.overlap(asked)
            if both is not None:
                found[both.within(asked)] = self._window(index, box)[both.within(box)]
        return found

    def _box(self, index: tuple[int, ...]) -> Box:
        start = tuple(i * n for i, n in zip(index, self.side, strict=True))
        return Box(start, tuple(min(a + n, end) for a, n, end in zip(start, self.side, self.shape, strict=True)))

    def _window(self, index: tuple[int, ...], box: Box) -> NDArray[Any]:
        return self.kept.get((self, index), lambda: self.read(box.slices))
