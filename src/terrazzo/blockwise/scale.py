"""The intensity difference that counts as 1: lazily, from windows at fixed positions (contract C8)."""

from __future__ import annotations

import itertools
from typing import Any

import dask
import dask.array as da
import numpy as np
from dask.delayed import Delayed
from numpy.typing import NDArray

WINDOW_SIDE = 256
WINDOWS_PER_AXIS = 4


def estimated_scale(array: da.Array) -> Delayed:
    """Return, lazily, the root of the summed channel variances of an image (c, y, x).

    It is estimated from up to 16 windows of 256 x 256 pixels whose positions depend on the image's extent only,
    so that it does not depend on chunks; it is 1 for a constant image.
    """
    spans = [_spans(extent) for extent in array.shape[1:]]
    moments = [_moments(array[:, rows, columns]) for rows, columns in itertools.product(*spans)]
    scale: Delayed = _scale(moments)
    return scale


def _spans(extent: int) -> list[slice]:
    count = min(WINDOWS_PER_AXIS, -(-extent // WINDOW_SIDE))
    side = min(WINDOW_SIDE, extent)
    return [slice(start, start + side) for start in (i * (extent - side) // max(1, count - 1) for i in range(count))]


@dask.delayed(pure=True)  # type: ignore[untyped-decorator]
def _moments(window: NDArray[Any]) -> NDArray[np.float64]:
    """Return count, sums and sums of squares per channel, (3, c)."""
    values = window.reshape(window.shape[0], -1).astype(np.float64)
    values = values[:, np.isfinite(values).all(axis=0)]
    # cumsum adds in order on every processor, unlike sum
    sums = [np.cumsum(v, axis=1)[:, -1] if v.shape[1] else np.zeros(len(v)) for v in (values, values * values)]
    return np.stack([np.full(len(values), float(values.shape[1])), *sums])


@dask.delayed(pure=True)  # type: ignore[untyped-decorator]
def _scale(moments: list[NDArray[np.float64]]) -> float:
    total = moments[0].copy()
    for window in moments[1:]:
        total += window
    count = np.maximum(total[0], 1.0)
    variance = float(np.cumsum(np.maximum(total[2] / count - (total[1] / count) ** 2, 0.0))[-1])
    return float(np.sqrt(variance)) if variance > 0 else 1.0
