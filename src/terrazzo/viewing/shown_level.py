"""One resolution of what is shown, and how a coarser one is made of it while people look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.io.levels.coarse import Sampling, coarse, sampling_of
from terrazzo.viewing.kept_windows import InWindows, KeptWindows, Read, Window

# What the browser asks for at once, along each axis of an image and of a volume.
SIDE, VOLUME_SIDE = 512, 64
# What is stored in larger pieces is cut.
MOST_SERVED = 1024
# Of what is read at once.
MOST_READ = 2**24
# A coarse chunk that is made of more pixels along an axis would be waited for too long.
MOST_MADE = 2**14


@dataclass(frozen=True, eq=False)
class ShownLevel:
    """An array of which any window can be read, by several threads at once.

    Parameters
    ----------
    shape : tuple of int
        (y, x) or (z, y, x), with channels or classes before them if there are any.
    dtype : numpy.dtype
        One that neuroglancer knows.
    steps : tuple of float
        How many pixels of the finest level of the image lie from one pixel to the next, along each spatial axis.
    chunk : tuple of int
        What the browser asks for at once, along the axes of `shape`.
    read : callable
        Gives a window without steps.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    steps: tuple[float, ...]
    chunk: tuple[int, ...]
    read: Read

    @property
    def extent(self) -> tuple[int, ...]:
        """Lengths along the spatial axes."""
        return self.shape[len(self.shape) - len(self.steps) :]

    def blank(self) -> ShownLevel:
        """Return the same level with 0 everywhere."""
        return replace(self, read=lambda window: np.zeros([part.stop - part.start for part in window], self.dtype))


def steps_between(finest: Sequence[int], extent: Sequence[int]) -> tuple[float, ...]:
    """Return how many pixels of the finest level lie between two of another: whole numbers if these fit."""
    return tuple(map(_step, finest, extent))


def _step(finest: int, length: int) -> float:
    whole = max(1, round(finest / length))
    return float(whole) if length in (finest // whole, -(-finest // whole)) else finest / length


def shown_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the type in which values are shown: neuroglancer has none of 64 bits for intensities, nor truth values."""
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    return np.dtype(np.float32) if dtype.kind == "f" or dtype.itemsize == 8 else dtype.newbyteorder("=")


def read_side(shape: Sequence[int], unit: Sequence[int], axes: int, itemsize: int) -> tuple[int, ...]:
    """Return what is read at once along each axis: whole stored pieces, about as wide as what the browser asks for.

    Parameters
    ----------
    shape, unit : sequence of int
        Of the array and of what is stored in one piece.
    axes : int
        How many of its axes, the last ones, are spatial.
    itemsize : int
        Bytes per value.
    """
    target = SIDE if axes == 2 else VOLUME_SIDE
    side = [min(piece, length) for piece, length in zip(unit, shape, strict=True)]
    spatial = range(len(side) - axes, len(side))
    while grows := [
        axis
        for axis in spatial
        if side[axis] < shape[axis] and 2 * side[axis] <= target and 2 * math.prod(side) * itemsize <= MOST_READ
    ]:
        axis = min(grows, key=lambda one: side[one])
        side[axis] = min(2 * side[axis], shape[axis])
    return tuple(side)


def served_side(side: Sequence[int], axes: int) -> tuple[int, ...]:
    """Return the chunk that the browser asks for: what is read at once, or a part of it if that is large."""
    target = SIDE if axes == 2 else VOLUME_SIDE
    lead = len(side) - axes
    most = MOST_SERVED if axes == 2 else 2 * VOLUME_SIDE
    return (*side[:lead], *(length if length <= most else target for length in side[lead:]))


def with_coarser(level: ShownLevel, kept: KeptWindows, wanted: Sampling = "mean") -> list[ShownLevel]:
    """Return a level and those that are made of it, until the last fits into one chunk or would take too long."""
    levels = [level]
    pixels = list(level.chunk[-len(level.steps) :])
    while any(halves := _halved(levels[-1])):
        pixels = [2 * length if half else length for length, half in zip(pixels, halves, strict=True)]
        if max(pixels) > MOST_MADE:
            break
        levels.append(_coarser(levels[-1], halves, sampling_of(level.dtype, wanted), kept))
    return levels


def _halved(level: ShownLevel) -> list[bool]:
    """Return which axes the next level has half of: rows and columns together, sections while they are many."""
    longer = [length > size for length, size in zip(level.extent, level.chunk[-len(level.steps) :], strict=True)]
    *sections, rows, columns = longer
    return [*sections, rows or columns, rows or columns]


def _coarser(level: ShownLevel, halves: Sequence[bool], sampling: Sampling, kept: KeptWindows) -> ShownLevel:
    lead = len(level.shape) - len(level.steps)
    factors = (*[1] * lead, *(1 + half for half in halves))
    shape = tuple(-(-length // factor) for length, factor in zip(level.shape, factors, strict=True))
    chunk = tuple(map(min, level.chunk, shape))
    steps = tuple(step * factor for step, factor in zip(level.steps, factors[lead:], strict=True))
    read = InWindows(partial(_read_coarser, level, factors, sampling), shape, chunk, level.dtype, kept)
    return replace(level, shape=shape, steps=steps, chunk=chunk, read=read)


def _read_coarser(level: ShownLevel, factors: tuple[int, ...], sampling: Sampling, window: Window) -> NDArray[Any]:
    spans = zip(window, factors, level.shape, strict=True)
    finer = tuple(slice(part.start * factor, min(part.stop * factor, length)) for part, factor, length in spans)
    return coarse(level.read(finer), factors, sampling)
