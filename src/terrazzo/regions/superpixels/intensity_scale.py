"""The intensity difference that counts as 1, estimated from windows at fixed positions of an image."""

from __future__ import annotations

import itertools
import logging
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.regions.superpixels.compared_channels import compared_channels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

_log = logging.getLogger(__name__)

# A window has about as many pixels in an image as in a volume, where it is at most this deep.
WINDOW_SIDE, WINDOW_DEPTH = 256, 40
WINDOWS_PER_AXIS = 4


def scale_windows(extent: tuple[int, ...]) -> list[Box]:
    """Return up to 4 windows along each axis of an image: 256 x 256 pixels, in volumes as many as in a cube of 40.

    Their positions depend on the extent only, so that no chunk has a say. An image is a volume of depth 1.
    """
    depth = min(WINDOW_DEPTH, extent[0]) if len(extent) == 3 else 1
    side = math.isqrt(WINDOW_SIDE**2 // depth)
    sides = (depth, side, side)[-len(extent) :]
    spans = [_along(length, min(side, length)) for length, side in zip(extent, sides, strict=True)]
    return [Box(*zip(*window, strict=True)) for window in itertools.product(*spans)]


def _along(extent: int, side: int) -> list[tuple[int, int]]:
    count = min(WINDOWS_PER_AXIS, -(-extent // side))
    starts = (i * (extent - side) // max(1, count - 1) for i in range(count))
    return [(start, start + side) for start in starts]


def scale_moments(
    window: NDArray[Any], mask: NDArray[np.bool_] | None, parameters: SuperpixelParameters
) -> NDArray[np.float64]:
    """Return count, mean and summed squared deviations of what superpixels compare of a window, per channel, (3, c)."""
    if parameters.colour != "none" or parameters.weights is not None:
        window = compared_channels(window, parameters)
    values = window.reshape(window.shape[0], -1).astype(np.float64)
    chosen = np.isfinite(values).all(axis=0)
    values = values[:, chosen if mask is None else chosen & mask.ravel()]
    count = np.full(len(values), float(values.shape[1]))
    mean = _sum(values) / np.maximum(count, 1.0)
    return np.stack([count, mean, _sum((values - mean[:, None]) ** 2)])


def scale_of_moments(moments: list[NDArray[np.float64]]) -> float:
    """Return the root of the summed variances of all windows' pixels (Chan, Golub and LeVeque 1979).

    It is 1 if nothing varies or no pixel counts.
    """
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
    found = "are constant" if count.any() else "hold no finite pixel inside the mask"
    _log.warning("the windows that the intensity scale is estimated from %s; it is taken as 1: pass scale=", found)
    return 1.0


def _sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of each row, added in order on every processor, unlike numpy's sum."""
    total: NDArray[np.float64] = np.cumsum(values, axis=1)[:, -1] if values.shape[1] else np.zeros(len(values))
    return total
