"""The intensity difference that counts as 1: lazily, from windows at fixed positions."""

from __future__ import annotations

import itertools
import logging
from typing import Any

import dask
import dask.array as da
import numpy as np
from dask.delayed import Delayed
from numpy.typing import NDArray

_log = logging.getLogger(__name__)

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
    """Return count, mean and summed squared deviations per channel, (3, c)."""
    values = window.reshape(window.shape[0], -1).astype(np.float64)
    values = values[:, np.isfinite(values).all(axis=0)]
    count = np.full(len(values), float(values.shape[1]))
    mean = _sum(values) / np.maximum(count, 1.0)
    return np.stack([count, mean, _sum((values - mean[:, None]) ** 2)])


def _sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of each row, added in order on every processor, unlike numpy's sum."""
    total: NDArray[np.float64] = np.cumsum(values, axis=1)[:, -1] if values.shape[1] else np.zeros(len(values))
    return total


@dask.delayed(pure=True)  # type: ignore[untyped-decorator]
def _scale(moments: list[NDArray[np.float64]]) -> float:
    """Return the root of the summed variances of all windows' pixels (Chan, Golub and LeVeque 1979)."""
    count, mean, squares = moments[0]
    for more, other_mean, other_squares in moments[1:]:
        both = np.maximum(count + more, 1.0)
        squares = squares + other_squares + (other_mean - mean) ** 2 * (count * more / both)
        mean = mean + (other_mean - mean) * (more / both)
        count = count + more
    variance = squares / np.maximum(count, 1.0)
    # below this a spread is rounding: float32 pixels cannot hold it
    variance[variance <= (np.finfo(np.float32).eps * mean) ** 2] = 0.0
    total = float(np.cumsum(variance)[-1])
    if total > 0:
        return float(np.sqrt(total))
    _log.warning("the windows that the intensity scale is estimated from are constant; it is taken as 1: pass scale=")
    return 1.0
