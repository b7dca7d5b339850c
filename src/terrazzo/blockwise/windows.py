"""Cut windows that overlap out of a Dask array: one task for each sliver of a chunk, one list per window.

Dask's own overlap rechunks or raises where a chunk is thinner than the halo; this takes any chunks and any halo.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from operator import getitem
from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box

Nested = list[list[Any]]


def window_tasks(array: da.Array, boxes: Sequence[Box], name: str) -> tuple[dict[Any, Any], list[Nested]]:
    """Return the tasks that cut `boxes` out of the last two axes of `array`, and what each window is made of.

    Parameters
    ----------
    array : dask.array.Array, shape (..., y, x)
        Its leading axes must have one chunk.
    boxes : sequence of Box
        The windows in pixels.
    name : str
        A prefix for the tasks' keys.

    Returns
    -------
    tasks : dict
        One task for each part of a chunk that lies in a window; windows share equal parts.
    windows : list of nested list
        For each window the rows of its parts' keys; `assemble` joins their values.
    """
    leading = array.ndim - 2
    tasks: dict[Any, Any] = {}
    windows: list[Nested] = []
    for box in boxes:
        parts = [
            list(_parts(chunks, start, stop))
            for chunks, start, stop in zip(array.chunks[leading:], box.start, box.stop, strict=True)
        ]
        rows = []
        for (i, rows_cut), (j, columns_cut) in itertools.product(*parts):
            source = (array.name, *(0,) * leading, i, j)
            cut = (*(slice(None),) * leading, rows_cut, columns_cut)
            key = (name, i, j, rows_cut.start, rows_cut.stop, columns_cut.start, columns_cut.stop)
            tasks[key] = (getitem, source, cut)
            rows.append(key)
        width = len(parts[1])
        windows.append([rows[k : k + width] for k in range(0, len(rows), width)])
    return tasks, windows


def assemble(window: list[list[NDArray[Any]]]) -> NDArray[Any]:
    """Return the array that a window's parts make up."""
    if len(window) == len(window[0]) == 1:
        return window[0][0]
    return np.concatenate([np.concatenate(row, axis=-1) for row in window], axis=-2)


def _parts(chunks: tuple[int, ...], start: int, stop: int) -> Iterator[tuple[int, slice]]:
    """Yield the chunks that overlap `start..stop` along one axis, with the part of each that does."""
    first = 0
    for number, length in enumerate(chunks):
        low, high = max(start, first), min(stop, first + length)
        if low < high:
            yield number, slice(low - first, high - first)
        first += length
