"""How an image's intensities are distributed, estimated from the windows at fixed positions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Of each window no more pixels than about these count, evenly spaced: a quantile needs no more.
MOST_PIXELS = 4096
LEVELS = 1000


@dataclass(frozen=True, eq=False)
class ImageIntensities:
    """The intensities of one image.

    Parameters
    ----------
    dtype : str
        Of its pixels.
    levels : ndarray of float64, shape (c, 1000)
        Of each channel the quantiles in the middle of a thousand equal parts, in ascending order.
    """

    dtype: str
    levels: NDArray[np.float64]


def window_intensities(window: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> NDArray[Any]:
    """Return evenly spaced pixels of a window (c, y, x) or (c, z, y, x), (c, n), that are finite and inside a mask."""
    pixels = math.prod(window.shape[1:])
    step = math.ceil((pixels / MOST_PIXELS) ** (1 / (window.ndim - 1)))
    every = (slice(None, None, step),) * (window.ndim - 1)
    values = window[(slice(None), *every)].reshape(len(window), -1)
    chosen = np.isfinite(values).all(axis=0)
    return values[:, chosen if mask is None else chosen & mask[every].ravel()]


def intensities_of(windows: Sequence[NDArray[Any]]) -> ImageIntensities | None:
    """Return the intensities of an image from those of its windows; None where no pixel counts."""
    values = np.concatenate(windows, axis=1)
    if not values.shape[1]:
        return None
    ordered = np.sort(values, axis=1)
    # the smallest value that so large a share does not exceed: no arithmetic, which could round
    places = ((2 * np.arange(LEVELS) + 1) * values.shape[1]) // (2 * LEVELS)
    return ImageIntensities(values.dtype.name, ordered[:, places].astype(np.float64))
