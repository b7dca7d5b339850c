"""How a coarse pixel follows from those that it covers: it is the first of them, or their mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Sampling = Literal["nearest", "mean"]
# The sum of so many values of 16 bits is one of int32.
MOST_SMALL = 2**15


def sampling_of(dtype: np.dtype[Any], wanted: Sampling) -> Sampling:
    """Return how values of a type are sampled: those that float64 does not hold and truth values have no mean."""
    wide = dtype.kind in "ui" and dtype.itemsize == 8
    return "nearest" if dtype.kind == "b" or wide else wanted


def coarse(values: NDArray[Any], steps: Sequence[int], sampling: Sampling) -> NDArray[Any]:
    """Return an array with a value for each `steps` of another, along its axes, counted from its start.

    At the end a mean is of what is there. Means of whole numbers are rounded, halves to even.
    """
    if sampling == "nearest":
        return values[tuple(slice(None, None, step) for step in steps)]
    sums: NDArray[Any] = values
    counts = np.ones((1,) * values.ndim)
    small = values.dtype.kind in "ui" and values.dtype.itemsize <= 2 and math.prod(steps) < MOST_SMALL
    for axis, step in enumerate(steps):
        if step > 1:
            starts = np.arange(0, values.shape[axis], step)
            sums = _summed(sums, axis, step) if small else np.add.reduceat(sums, starts, axis=axis, dtype=np.float64)
            shape = [1] * values.ndim
            shape[axis] = -1
            counts = counts * np.diff(starts, append=values.shape[axis]).reshape(shape)
    if sums is values:
        return values
    means = sums / counts
    return (np.rint(means) if values.dtype.kind in "ui" else means).astype(values.dtype)


def _summed(values: NDArray[Any], axis: int, step: int) -> NDArray[np.int32]:
    """Return the sums of each `step` whole numbers along an axis, at the end of what is there: a quick reduceat."""
    before = (slice(None),) * axis
    sums: NDArray[np.int32] = values[(*before, slice(0, None, step))].astype(np.int32)
    for place in range(1, step):
        others = values[(*before, slice(place, None, step))]
        sums[(*before, slice(0, others.shape[axis]))] += others
    return sums
