"""Cut windows that overlap out of a Dask array: one task for each sliver of a chunk, one nested list per window.

Dask's own overlap rechunks or raises where a chunk is thinner than the halo; this takes any chunks and any halo.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import getitem
from typing import Any, Protocol, TypeAlias

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.blockwise.inputs.kept_chunks import computed_here
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.images.unmasked import refuse_mask

# Keys of parts, later their values: lists in lists, as deep as there are axes.
Window: TypeAlias = list[Any]
Part = tuple[int, slice]


class Windowed(Protocol):
    """Something else whose windows can be read as those of an array."""

    def __getitem__(self, selection: Any) -> NDArray[Any]:
        """Read a window: an ellipsis, then a slice for each spatial axis."""
        ...


Readable: TypeAlias = da.Array | StoredArray | NDArray[Any]


def window_tasks(array: da.Array, boxes: Sequence[Box], name: str) -> tuple[dict[Any, Any], list[Window]]:
    """Return the tasks that cut `boxes` out of the last axes of `array`, and what each window is made of.

    Parameters
    ----------
    array : dask.array.Array, shape (..., y, x) or (..., z, y, x)
        Its leading axes must have one chunk.
    boxes : sequence of Box
        The windows in pixels, along the last axes.
    name : str
        A prefix for the tasks' keys.

    Returns
    -------
    tasks : dict
        One task for each part of a chunk that lies in a window; windows share equal parts.
    windows : list of nested list
        For each window its parts' keys in rows, for volumes in sections of rows; `assemble` joins their values.
    """
    tasks: dict[Any, Any] = {}
    windows: list[Window] = []
    for box in boxes:
        leading = array.ndim - len(box.start)
        spans = zip(array.chunks[leading:], box.start, box.stop, strict=True)
        windows.append(_nested([list(_parts(*span)) for span in spans], (), array.name, leading, name, tasks))
    return tasks, windows


def assemble(window: Window) -> NDArray[Any]:
    """Return the array that a window's parts make up."""
    only: Any = window
    while isinstance(only, list) and len(only) == 1:
        only = only[0]
    return np.block(_plain(window)) if isinstance(only, list) else np.asarray(_plain(only))


def read_window(array: Readable | Windowed, box: Box) -> NDArray[Any]:
    """Return the pixels of a box along the last axes of an array, computed in this thread."""
    window: Any = array[(..., *box.slices)]  # type: ignore[arg-type]
    return np.asarray(_plain(computed_here(window) if isinstance(window, da.Array) else window))


def _plain(window: Any) -> Any:
    """Return a window, or its parts, if none has a mask; chunks may have one of which their Dask array does not say."""
    for part in window if isinstance(window, list) else ():
        _plain(part)
    if isinstance(window, np.ma.MaskedArray):
        refuse_mask("a chunk", "arrays without one, such as np.ma.getdata makes of chunks, and the mask as mask=")
    return window


def _nested(
    axes: list[list[Part]], chosen: tuple[Part, ...], source: str, leading: int, name: str, tasks: dict[Any, Any]
) -> Any:
    """Return keys in lists as deep as there are axes, and add their tasks."""
    if axes:
        return [_nested(axes[1:], (*chosen, part), source, leading, name, tasks) for part in axes[0]]
    numbers, cuts = zip(*chosen, strict=True)
    key = (name, *numbers, *(place for cut in cuts for place in (cut.start, cut.stop)))
    tasks[key] = (getitem, (source, *(0,) * leading, *numbers), (*(slice(None),) * leading, *cuts))
    return key


def _parts(chunks: tuple[int, ...], start: int, stop: int) -> Iterator[Part]:
    """Yield the chunks that overlap `start..stop` along one axis, with the part of each that does."""
    first = 0
    for number, length in enumerate(chunks):
        low, high = max(start, first), min(stop, first + length)
        if low < high:
            yield number, slice(low - first, high - first)
        first += length
