"""Colours as people tell them apart: sRGB to CIELAB, the same bits wherever a pixel is cut out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel


def lab(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return an sRGB image in CIELAB, under D65 and for the 2 degree observer.

    Parameters
    ----------
    rgb : ndarray of float32, shape (3, ...)
        Red, green and blue from 0 to 1; what is outside is clipped to that.

    Returns
    -------
    ndarray of float32, shape (3, ...)
        L from 0 to 100, a and b; NaN where a channel is NaN or infinite.

    Notes
    -----
    IEC 61966-2-1 and CIE 15, with the constants of `skimage.color.rgb2lab`. Powers are roots by a fixed number of
    Halley's steps: library functions for them give other bits on other processors.
    """
    flat = np.ascontiguousarray(rgb, dtype=np.float32).reshape(3, -1)
    result = np.empty_like(flat)
    _convert(flat, result)
    return result.reshape(rgb.shape)


@kernel
def _convert(rgb, result):
    for i in range(rgb.shape[1]):
        red, green, blue = _linear(rgb[0, i]), _linear(rgb[1, i]), _linear(rgb[2, i])
        x = _lightness((0.412453 * red + 0.35758 * green + 0.180423 * blue) * (1.0 / 0.95047))
        y = _lightness(0.212671 * red + 0.71516 * green + 0.072169 * blue)
        z = _lightness((0.019334 * red + 0.119193 * green + 0.950227 * blue) * (1.0 / 1.08883))
        result[0, i] = 116.0 * y - 16.0
        result[1, i] = 500.0 * (x - y)
        result[2, i] = 200.0 * (y - z)


@kernel
def _linear(single):
    """Return the share of light that an sRGB value stands for."""
    value = np.float64(single)
    clipped = 0.0 if value < 0.0 else (1.0 if value > 1.0 else value)
    base = (clipped + 0.055) * (1.0 / 1.055)
    square = base * base
    # base ** 2.4 is the square times its fifth root, of which the parabola is within 3 %
    root = _fifth_root_step(0.28218 + (1.26466 - 0.571774 * base) * base, square)
    root = _fifth_root_step(root, square)
    light = square * root if clipped > 0.04045 else clipped * (1.0 / 12.92)
    return light + (value - value)  # NaN for what is not finite


@kernel
def _lightness(share):
    """Return CIELAB's f of a share of the white's tristimulus value."""
    # the parabola is within 14 % of the cube root where that is used
    root = _cube_root_step(0.216638 + (2.10029 - 1.455 * share) * share, share)
    root = _cube_root_step(root, share)
    return root if share > 0.008856 else 7.787 * share + 16.0 / 116.0


@kernel
def _fifth_root_step(root, value):
    power = root * root * root * root * root
    return root * (2.0 * power + 3.0 * value) / (3.0 * power + 2.0 * value)


@kernel
def _cube_root_step(root, value):
    power = root * root * root
    return root * (power + 2.0 * value) / (2.0 * power + value)
