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
# A window is empty whose variance is less than this share of that which one in so many windows reaches.
EMPTY, QUARTER = 0.01, 4


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
    """Return what is summed of a window of what superpixels compare, per channel, (7, c).

    Count, mean and summed squared deviations of its pixels; the value that comes most often; and the first three of the
    pixels that have another value.
    """
    if parameters.colour != "none" or parameters.weights is not None:
        window = compared_channels(window, parameters)
    pixels = window.reshape(window.shape[0], -1)
    chosen = np.isfinite(pixels).all(axis=0)
    pixels = pixels[:, chosen if mask is None else chosen & mask.ravel()]
    values, commonest = pixels.astype(np.float64), _commonest(pixels)
    others = values[:, (values != commonest[:, None]).any(axis=0)]
    return np.stack([*_moments(values), commonest, *_moments(others)])


def _moments(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return count, mean and summed squared deviations of each row."""
    count = np.full(len(values), float(values.shape[1]))
    mean = _sum(values) / np.maximum(count, 1.0)
    return count, mean, _sum((values - mean[:, None]) ** 2)


def _commonest(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the pixel (c,) that comes most often, of several the lowest; NaN where there is none."""
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    # whole numbers of 8 or 16 bits are sorted digit by digit
    ordered = np.sort(values, kind="stable") if len(values) == 1 else values[:, np.lexsort(values[::-1])]
    starts = np.flatnonzero(np.append(True, (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)))
    longest = starts[np.argmax(np.diff(starts, append=ordered.shape[1]))]
    # a zero with a sign is the same value
    commonest: NDArray[np.float64] = ordered[:, longest].astype(np.float64) + 0.0
    return commonest


def scale_of_moments(moments: list[NDArray[np.float64]]) -> float:
    """Return the root of the summed variances of the pixels that hold something; 1 if nothing varies or none counts."""
    scale = known_scale(moments)
    if scale is not None:
        return scale
    found = "are constant" if any(one[0].any() for one in moments) else "hold no finite pixel inside the mask"
    _log.warning(
        "the windows that the intensity scale is estimated from %s, so it is taken as 1; see whether the "
        "image is meant to be empty",
        found,
    )
    return 1.0


def known_scale(moments: list[NDArray[np.float64]]) -> float | None:
    """Return the same, but None if nothing varies or no pixel counts."""
    total = float(np.cumsum(_variances(_together(_full(moments))))[-1])
    return float(np.sqrt(total)) if total > 0 else None


def _full(moments: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """Return count, mean and squares of the windows that hold something, in their order; of all if none does.

    A constant window is empty, and so is its value wherever it is the commonest of a window: a border has no say. Of
    the others one is empty if its variance is less than 1 % of that which a quarter of them reach, so that a single
    window with something glaring leaves the others their say.
    """
    whole = [one[:3] for one in moments]
    constant = [_variance(one) == 0 for one in whole]
    if all(constant):
        return whole
    borders = {one[3].tobytes() for one, empty in zip(moments, constant, strict=True) if empty and one[0].any()}
    held = [one[4:] if one[3].tobytes() in borders else one[:3] for one in moments]
    # what is left of a window but its border may be constant
    full = [one if _variance(one) > 0 else two for one, two in zip(held, whole, strict=True) if _variance(two) > 0]
    reached = sorted(map(_variance, full), reverse=True)[(len(full) - 1) // QUARTER]
    return [one for one in full if _variance(one) >= EMPTY * reached]


def _variance(moments: NDArray[np.float64]) -> float:
    """Return the sum of the channels' variances."""
    return float(np.cumsum(_variances(moments))[-1])


def _together(moments: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the moments of several windows as of one (Chan, Golub and LeVeque 1979)."""
    count, mean, squares = moments[0]
    for more, other_mean, other_squares in moments[1:]:
        both = np.maximum(count + more, 1.0)
        squares = squares + other_squares + (other_mean - mean) ** 2 * (count * more / both)
        mean = mean + (other_mean - mean) * (more / both)
        count = count + more
    return np.stack([count, mean, squares])


def _variances(moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the variance of each channel, 0 where it is rounding."""
    count, mean, squares = moments
    variance: NDArray[np.float64] = squares / np.maximum(count, 1.0)
    # below this a spread is rounding: float32 pixels cannot hold it
    variance[variance <= (np.finfo(np.float32).eps * mean) ** 2] = 0.0
    return variance


def _sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of each row, added in order on every processor, unlike numpy's sum."""
    total: NDArray[np.float64] = np.cumsum(values, axis=1)[:, -1] if values.shape[1] else np.zeros(len(values))
    return total
