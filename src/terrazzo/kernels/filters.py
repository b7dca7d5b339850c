"""Filters that give the same bits under any crop: separable Gaussians, their local statistics, a 2x pyramid.

Every filter works in float64 from float32 pixels, in a fixed order, and mirrors the image at its borders
(d c b a | a b c d | d c b a), as scipy.ndimage's "reflect" does. At the border of a crop that is not the image's
border a ring of `radius(sigma)` pixels is wrong: the caller brings that much more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

TRUNCATE = 4.0


def radius(sigma: float) -> int:
    """Return the radius in pixels of the Gaussian of standard deviation `sigma`: 4 sigma, rounded."""
    return int(TRUNCATE * sigma + 0.5)


def gaussian(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Return the image (y, x) smoothed by a Gaussian of standard deviation `sigma` pixels."""
    return _separable(image, gaussian_weights(sigma), False)[0]


def local_mean_and_std(image: NDArray[np.float32], sigma: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the Gaussian-weighted local mean and standard deviation of the image (y, x)."""
    mean, std = _separable(image, gaussian_weights(sigma), True)
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


@kernel
def gradient_and_laplacian(
    image: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the gradient magnitude (central differences) and the 5-point Laplacian of the image (y, x)."""
    height, width = image.shape
    gradient = np.empty((height, width), np.float32)
    laplacian = np.empty((height, width), np.float32)
    for y in range(height):
        above, here, below = image[max(y - 1, 0)], image[y], image[min(y + 1, height - 1)]
        for x in range(width):
            left, right = here[max(x - 1, 0)], here[min(x + 1, width - 1)]
            dy, dx = np.float32(0.5) * (below[x] - above[x]), np.float32(0.5) * (right - left)
            gradient[y, x] = np.sqrt(dy * dy + dx * dx)
            laplacian[y, x] = ((above[x] - here[x]) + (below[x] - here[x])) + ((left - here[x]) + (right - here[x]))
    return gradient, laplacian


@kernel
def halved(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of each 2 x 2 pixels, the next level of a pyramid; an odd last row or column counts twice."""
    height, width = image.shape
    half = np.empty(((height + 1) // 2, (width + 1) // 2), np.float32)
    for y in range(half.shape[0]):
        top, bottom = image[2 * y], image[min(2 * y + 1, height - 1)]
        for x in range(half.shape[1]):
            other = min(2 * x + 1, width - 1)
            half[y, x] = np.float32(0.25) * ((top[2 * x] + top[other]) + (bottom[2 * x] + bottom[other]))
    return half


def _exponential(exponent: float) -> float:
    """Return e**exponent for exponents that are not positive, by its series: + - * / only."""
    term = total = 1.0
    for k in range(1, 80):
        term *= -exponent / k
        total += term
    return 1.0 / total


@kernel
def _separable(image, weights, with_std):
    """Correlate with symmetric weights along y, then x; with their squares as well if a deviation is wanted."""
    height, width = image.shape
    reach = weights.size - 1
    mean = np.empty((height, width), np.float32)
    std = np.empty((height if with_std else 0, width), np.float32)
    column = np.empty(width + 2 * reach, np.float64)
    squares = np.empty(width + 2 * reach, np.float64)
    total, total_squares = np.empty(width, np.float64), np.empty(width, np.float64)
    for y in range(height):
        _along_y(image, y, weights, column[reach : reach + width], squares[reach : reach + width], with_std)
        _along_x(column, weights, total)
        if with_std:
            _along_x(squares, weights, total_squares)
            for x in range(width):
                variance = total_squares[x] - total[x] * total[x]
                std[y, x] = np.sqrt(max(variance, 0.0))
        for x in range(width):
            mean[y, x] = total[x]
    return mean, std


@kernel
def _along_y(image, y, weights, mean, squares, with_std):
    height = image.shape[0]
    for x in range(mean.size):
        value = np.float64(image[y, x])
        mean[x] = weights[0] * value
        squares[x] = weights[0] * (value * value)
    for k in range(1, weights.size):
        before, after = image[_mirrored(y - k, height)], image[_mirrored(y + k, height)]
        weight = weights[k]
        for x in range(mean.size):
            mean[x] += weight * (np.float64(before[x]) + np.float64(after[x]))
        if with_std:
            for x in range(mean.size):
                a, b = np.float64(before[x]), np.float64(after[x])
                squares[x] += weight * (a * a + b * b)


@kernel
def _along_x(padded, weights, total):
    """Correlate a row with `weights`; its borders, one reach wide on both sides, are filled here."""
    width, reach = total.size, weights.size - 1
    for k in range(reach):
        padded[reach - 1 - k] = padded[reach + _mirrored(-1 - k, width)]
        padded[reach + width + k] = padded[reach + _mirrored(width + k, width)]
    for x in range(width):
        total[x] = weights[0] * padded[reach + x]
    for k in range(1, weights.size):
        weight = weights[k]
        for x in range(width):
            total[x] += weight * (padded[reach + x - k] + padded[reach + x + k])


@kernel
def _mirrored(position, extent):
    """Return the pixel that stands for `position` when the image is mirrored at its borders, however often."""
    place = position % (2 * extent)
    return place if place < extent else 2 * extent - 1 - place
