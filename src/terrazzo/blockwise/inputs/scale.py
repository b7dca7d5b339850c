"""The intensity difference that counts as 1: given, or lazily from windows at fixed positions."""

from __future__ import annotations

import itertools
import logging
import math
from typing import Any

import dask
import dask.array as da
import numpy as np
from dask.delayed import Delayed
from numpy.typing import NDArray

from terrazzo.blockwise.inputs.masks import Mask, MaskFunction, inside
from terrazzo.regions.superpixels.compared_channels import compared_channels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

_log = logging.getLogger(__name__)

# A window has about as many pixels in an image as in a volume, where it is at most this deep.
WINDOW_SIDE, WINDOW_DEPTH = 256, 40
WINDOWS_PER_AXIS = 4


def lazy_scale(array: da.Array, parameters: SuperpixelParameters, mask: Mask = None) -> Delayed:
    """Return the intensity scale of an image (c, y, x) or (c, z, y, x): the parameters' own, or a lazy estimate."""
    if parameters.scale is not None:
        return dask.delayed(parameters.scale, pure=True)
    return estimated_scale(array, parameters, mask)


def estimated_scale(array: da.Array, parameters: SuperpixelParameters, mask: Mask = None) -> Delayed:
    """Return, lazily, the root of the summed variances of what superpixels compare of an image.

    It is estimated inside the mask from up to 4 windows along each axis, whose positions depend on the image's
    extent only, so that it does not depend on chunks: windows of 256 x 256 pixels, in volumes as many as in a cube
    of 40. It is 1 if nothing varies or the mask leaves nothing.

    Parameters
    ----------
    array : dask.array.Array, shape (c, y, x) or (c, z, y, x)
    parameters : SuperpixelParameters
        Colour and weights come first.
    mask : dask.array.Array of bool or function, optional
        Which pixels count.
    """
    moments = []
    for window in itertools.product(*_spans(array.shape[1:])):
        part = mask[window] if isinstance(mask, da.Array) else mask
        moments.append(_moments(array[(slice(None), *window)], part, parameters))
    scale: Delayed = _scale(moments)
    return scale


def _spans(extent: tuple[int, ...]) -> list[list[slice]]:
    """Return where windows lie along each axis; an image is a volume of depth 1."""
    depth = min(WINDOW_DEPTH, extent[0]) if len(extent) == 3 else 1
    side = math.isqrt(WINDOW_SIDE**2 // depth)
    sides = (depth, side, side)[-len(extent) :]
    return [_along(length, min(side, length)) for length, side in zip(extent, sides, strict=True)]


def _along(extent: int, side: int) -> list[slice]:
    count = min(WINDOWS_PER_AXIS, -(-extent // side))
    return [slice(start, start + side) for start in (i * (extent - side) // max(1, count - 1) for i in range(count))]


@dask.delayed(pure=True)  # type: ignore[untyped-decorator]
def _moments(
    window: NDArray[Any], mask: NDArray[np.bool_] | MaskFunction | None, parameters: SuperpixelParameters
) -> NDArray[np.float64]:
    """Return count, mean and summed squared deviations per channel, (3, c)."""
    counted = inside(mask, window)
    if parameters.colour != "none" or parameters.weights is not None:
        window = compared_channels(window, parameters)
    values = window.reshape(window.shape[0], -1).astype(np.float64)
    chosen = np.isfinite(values).all(axis=0)
    values = values[:, chosen if counted is None else chosen & counted.ravel()]
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
    found = "are constant" if count.any() else "hold no finite pixel inside the mask"
    _log.warning("the windows that the intensity scale is estimated from %s; it is taken as 1: pass scale=", found)
    return 1.0
