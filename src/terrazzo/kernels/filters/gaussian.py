"""Filters that give the same bits under any crop: separable Gaussians, their local statistics, a 2x pyramid.

Every filter works in float64 from float32 pixels, in a fixed order, and mirrors the image at its borders
(d c b a | a b c d | d c b a), as scipy.ndimage's "reflect" does. At the border of a crop that is not the image's
border a ring of `radius(sigma)` pixels is wrong: the caller brings that much more. Images are volumes (z, y, x). What
superpixels compare is smoothed along all three axes; the filters of features work on each section alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

TRUNCATE = 4.0


def radius(sigma: float) -> int:
    """Return the radius in pixels of the Gaussian of standard deviation `sigma`: 4 sigma, rounded."""
    return int(TRUNCATE * sigma + 0.5)


def gaussian(volume: NDArray[np.float32], sigmas: tuple[float, float, float]) -> NDArray[np.float32]:
    """Return the volume (z, y, x) smoothed by a Gaussian of one standard deviation per axis, in pixels."""
    across, along_y, along_x = (gaussian_weights(sigma) for sigma in sigmas)
    smooth = np.empty(volume.shape, np.float32)
    if volume.shape[0] == 1 or across.size == 1:  # mirrored, a single section is all there is along z
        for section, result in zip(volume, smooth, strict=True):
            _smooth_section(section, along_y, along_x, result)
        return smooth
    plane = np.empty(volume.shape[1:], np.float64)
    for z, result in enumerate(smooth):
        _along_z(volume, z, across, plane)
        _smooth_section(plane, along_y, along_x, result)
    return smooth


def masked_gaussian(
    volume: NDArray[np.float32], mask: NDArray[np.bool_], sigmas: tuple[float, float, float]
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

    Notes
    -----
    Knutsson and Westin 1993, Normalized and differential convolution.
    """
    if mask.all():
        return gaussian(volume, sigmas)
    zero = np.float32(0)
    weight = np.where(mask, gaussian(mask.astype(np.float32), sigmas), np.float32(1))
    return np.where(mask, gaussian(np.where(mask, volume, zero), sigmas) / weight, zero)


def local_mean_and_std(image: NDArray[np.float32], sigma: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the Gaussian-weighted local mean and standard deviation in each section of the image (z, y, x)."""
    weights = gaussian_weights(sigma)
    mean, std = np.empty(image.shape, np.float32), np.empty(image.shape, np.float32)
    for section, section_mean, section_std in zip(image, mean, std, strict=True):
        _smooth_section_and_squares(section, weights, section_mean, section_std)
    return mean, std


def gaussian_weights(sigma: float) -> NDArray[np.float64]:
    """Return the Gaussian's weights for offsets `0..radius(sigma)`, which sum to 1 over both sides.

    The exponential is a series of our own: numpy's differs between processors.
    """
    half = [_exponential(-0.5 * (k / sigma) * (k / sigma)) for k in range(radius(sigma) + 1)] if sigma else [1.0]
    total = half[0]
    for value in half[1:]:
        total += 2.0 * value
    return np.array([value / total for value in half])


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
    for y in range(height):
        here, total = volume[z, y], plane[y]
        for x in range(width):
            total[x] = weights[0] * np.float64(here[x])
        for k in range(1, weights.size):
            before, after = volume[_mirrored(z - k, depth), y], volume[_mirrored(z + k, depth), y]
            weight = weights[k]
            for x in range(width):
                total[x] += weight * (np.float64(before[x]) + np.float64(after[x]))


@kernel
def _smooth_section(section, along_y, along_x, result):
    """Correlate a section with symmetric weights along y, then x."""
    height, width = section.shape
    reach = along_x.size - 1
    padded, total = np.empty(width + 2 * reach, np.float64), np.empty(width, np.float64)
    for y in range(height):
        _along_y(section, y, along_y, padded[reach : reach + width])
        _along_x(padded, along_x, total)
        row = result[y]
        for x in range(width):
            row[x] = total[x]


@kernel
def _smooth_section_and_squares(section, weights, mean, std):
    """Correlate a section and its squares with symmetric weights along y, then x."""
    height, width = section.shape
    reach = weights.size - 1
    padded, total = np.empty(width + 2 * reach, np.float64), np.empty(width, np.float64)
    padded_squares, total_squares = np.empty(width + 2 * reach, np.float64), np.empty(width, np.float64)
    for y in range(height):
        _along_y(section, y, weights, padded[reach : reach + width])
        _squares_along_y(section, y, weights, padded_squares[reach : reach + width])
        _along_x(padded, weights, total)
        _along_x(padded_squares, weights, total_squares)
        for x in range(width):
            mean[y, x] = total[x]
            std[y, x] = np.sqrt(max(total_squares[x] - total[x] * total[x], 0.0))


@kernel
def _along_y(section, y, weights, total):
    height, here = section.shape[0], section[y]
    for x in range(total.size):
        total[x] = weights[0] * np.float64(here[x])
    for k in range(1, weights.size):
        before, after = section[_mirrored(y - k, height)], section[_mirrored(y + k, height)]
        weight = weights[k]
        for x in range(total.size):
            total[x] += weight * (np.float64(before[x]) + np.float64(after[x]))


@kernel
def _squares_along_y(section, y, weights, total):
    height, here = section.shape[0], section[y]
    for x in range(total.size):
        total[x] = weights[0] * (np.float64(here[x]) * np.float64(here[x]))
    for k in range(1, weights.size):
        before, after = section[_mirrored(y - k, height)], section[_mirrored(y + k, height)]
        weight = weights[k]
        for x in range(total.size):
            a, b = np.float64(before[x]), np.float64(after[x])
            total[x] += weight * (a * a + b * b)


@kernel
def _along_x(padded, weights, total):
    """Correlate a row with `weights`; its borders, one reach wide on both sides, are filled here."""
    width, reach = total.size, weights.size - 1
    for k in range(reach):
        padded[reach - 1 - k] = padded[reach + _mirrored(-1 - k, width)]
        padded[reach + width + k] = padded[reach + _mirrored(width + k, width)]
    middle = padded[reach : reach + width]
    for x in range(width):
        total[x] = weights[0] * middle[x]
    for k in range(1, weights.size):
        # slices, because no compiler vectorises a loop in which an index could be negative
        before, after = padded[reach - k : reach - k + width], padded[reach + k : reach + k + width]
        weight = weights[k]
        for x in range(width):
            total[x] += weight * (before[x] + after[x])


@kernel
def _mirrored(position, extent):
    """Return the pixel that stands for `position` when the image is mirrored at its borders, however often."""
    place = position % (2 * extent)
    return place if place < extent else 2 * extent - 1 - place
