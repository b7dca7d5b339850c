"""Separable Gaussians, of a mask as well, and the local mean and deviation: in a fixed order."""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.filters.rows import Rows, along_x, along_y, along_y_with_squares, mirrored, rows_of
from terrazzo.kernels.jit import kernel

TRUNCATE = 4.0

Precision: TypeAlias = "type[np.float32] | type[np.float64]"


def radius(sigma: float) -> int:
    """Return the radius in pixels of the Gaussian of standard deviation `sigma`: 4 sigma, rounded."""
    return int(TRUNCATE * sigma + 0.5)


def gaussian(
    volume: NDArray[np.float32], sigmas: tuple[float, float, float], precision: Precision = np.float64
) -> NDArray[np.float32]:
    """Return the volume (z, y, x) smoothed by a Gaussian of one standard deviation per axis, in pixels.

    It is summed in `precision`: in float32 in half the time, with an error of some 1e-7 of the largest value near.
    """
    across, vertical, horizontal = (gaussian_weights(sigma).astype(precision) for sigma in sigmas)
    smooth = np.empty(volume.shape, np.float32)
    if volume.shape[0] == 1 or across.size == 1:  # mirrored, a single section is all there is along z
        for section, result in zip(volume, smooth, strict=True):
            _smooth_section(section, vertical, horizontal, result)
        return smooth
    plane = np.empty(volume.shape[1:], precision)
    for z, result in enumerate(smooth):
        _along_z(volume, z, across, plane)
        _smooth_section(plane, vertical, horizontal, result)
    return smooth


def sharpen_into(
    section: NDArray[np.float32],
    sigmas: tuple[float, float],
    wide: tuple[float, float],
    inside: tuple[slice, slice],
    result: NDArray[np.float32],
) -> None:
    """Write part of a section (y, x) smoothed, plus half of what that differs from the section smoothed more widely.

    Both are those of `gaussian` in float32, bit for bit, a row at a time: no array is held that is only smoothed.

    Parameters
    ----------
    section : ndarray of float32, shape (y, x)
    sigmas, wide : tuple of float
        The standard deviations along y and x, in pixels.
    inside : tuple of slice
        The part that is wanted.
    result : ndarray of float32
        Is filled, as large as the part.
    """
    near, far = (tuple(gaussian_weights(sigma).astype(np.float32) for sigma in pair) for pair in (sigmas, wide))
    _sharpen(section, near, far, (inside[0].start, inside[1].start), result)


def masked_gaussian(
    volume: NDArray[np.float32],
    mask: NDArray[np.bool_],
    sigmas: tuple[float, float, float],
    precision: Precision = np.float64,
) -> NDArray[np.float32]:
    """Return the volume (z, y, x) smoothed from the pixels inside the mask alone; 0 outside.

    This is normalised convolution, the Gaussian of the masked volume over that of the mask. The latter is exactly
    1 in float32 where the mask is True as far as the Gaussian reaches: there the result is `gaussian`'s, bit for
    bit.

    Parameters
    ----------
    volume : ndarray of float32, shape (z, y, x)
        Intensities; outside the mask they may be NaN.
    mask : ndarray of bool, shape (z, y, x)
        Which pixels count.
    sigmas : tuple of float
        The standard deviation along each axis, in pixels.
    precision : type
        In which the masked volume is summed; the mask always in float64.

    Notes
    -----
    Knutsson and Westin 1993, Normalized and differential convolution.
    """
    if mask.all():
        return gaussian(volume, sigmas, precision)
    zero = np.float32(0)
    weight = np.where(mask, gaussian(mask.astype(np.float32), sigmas), np.float32(1))
    return np.where(mask, gaussian(np.where(mask, volume, zero), sigmas, precision) / weight, zero)


def local_mean_and_std(
    image: NDArray[np.float32], sigma: float, rows: Rows = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the Gaussian-weighted local mean and standard deviation in each section of the image (z, y, x).

    With `rows`, the first and the one after the last, only on these.
    """
    weights, (top, bottom) = gaussian_weights(sigma), rows_of(image, rows)
    mean, std = (np.empty((len(image), bottom - top, image.shape[2]), np.float32) for _ in range(2))
    for section, section_mean, section_std in zip(image, mean, std, strict=True):
        _smooth_rows_and_squares(section, top, weights, section_mean, section_std)
    return mean, std


def gaussian_weights(sigma: float) -> NDArray[np.float64]:
    """Return the Gaussian's weights for offsets `0..radius(sigma)`, which sum to 1 over both sides.

    The exponential is a series of our own: numpy's differs between processors.
    """
    return np.array(_weights(sigma))


@cache
def _weights(sigma: float) -> tuple[float, ...]:
    half = [_exponential(-0.5 * (k / sigma) * (k / sigma)) for k in range(radius(sigma) + 1)] if sigma else [1.0]
    total = half[0]
    for value in half[1:]:
        total += 2.0 * value
    return tuple(value / total for value in half)


def _exponential(exponent: float) -> float:
    """Return e**exponent for exponents that are not positive, by its series: + - * / only."""
    term = total = 1.0
    for k in range(1, 80):
        term *= -exponent / k
        total += term
    return 1.0 / total


@kernel
def _along_z(volume, z, weights, plane):
    """Write one section of the volume, correlated with symmetric weights along z."""
    depth, height, width = volume.shape
    kind = weights.dtype.type
    for y in range(height):
        here, total = volume[z, y], plane[y]
        for x in range(width):
            total[x] = weights[0] * kind(here[x])
        for k in range(1, weights.size):
            before, after = volume[mirrored(z - k, depth), y], volume[mirrored(z + k, depth), y]
            weight = weights[k]
            for x in range(width):
                total[x] += weight * (kind(before[x]) + kind(after[x]))


@kernel
def _smooth_section(section, vertical, horizontal, result):
    """Correlate a section with symmetric weights along y, then x."""
    height, width = section.shape
    reach = horizontal.size - 1
    padded, total = np.empty(width + 2 * reach, horizontal.dtype), np.empty(width, horizontal.dtype)
    for y in range(height):
        along_y(section, y, vertical, padded[reach : reach + width])
        along_x(padded, horizontal, total)
        row = result[y]
        for x in range(width):
            row[x] = total[x]


@kernel
def _sharpen(section, weights, wide, first, result):
    (vertical, horizontal), (wide_vertical, wide_horizontal), (top, left) = weights, wide, first
    width = section.shape[1]
    reach, far_reach = horizontal.size - 1, wide_horizontal.size - 1
    padded, near = np.empty(width + 2 * reach, np.float32), np.empty(width, np.float32)
    far_padded, far = np.empty(width + 2 * far_reach, np.float32), np.empty(width, np.float32)
    for y in range(result.shape[0]):
        along_y(section, top + y, vertical, padded[reach : reach + width])
        along_x(padded, horizontal, near)
        along_y(section, top + y, wide_vertical, far_padded[far_reach : far_reach + width])
        along_x(far_padded, wide_horizontal, far)
        row, here, around = result[y], near[left : left + result.shape[1]], far[left : left + result.shape[1]]
        for x in range(row.size):
            row[x] = np.float32(0.5) * (here[x] - around[x]) + here[x]


@kernel
def _smooth_rows_and_squares(section, top, weights, mean, std):
    """Correlate rows of a section, and of its squares, with symmetric weights along y, then x."""
    rows, width = mean.shape
    reach = weights.size - 1
    padded, total = np.empty(width + 2 * reach, np.float64), np.empty(width, np.float64)
    padded_squares, total_squares = np.empty(width + 2 * reach, np.float64), np.empty(width, np.float64)
    for row in range(rows):
        inner, inner_squares = padded[reach : reach + width], padded_squares[reach : reach + width]
        along_y_with_squares(section, top + row, weights, inner, inner_squares)
        along_x(padded, weights, total)
        along_x(padded_squares, weights, total_squares)
        for x in range(width):
            mean[row, x] = total[x]
            std[row, x] = np.sqrt(max(total_squares[x] - total[x] * total[x], 0.0))
