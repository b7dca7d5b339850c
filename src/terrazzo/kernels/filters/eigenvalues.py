"""Eigenvalues of the Hessian and of the structure tensor in each section: ridges and blobs, edges and corners."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.filters.gaussian import gaussian_weights
from terrazzo.kernels.filters.rows import Rows, along_x, along_y, bordered_into, rows_of
from terrazzo.kernels.filters.squares import (
    held_product,
    mean_of_four,
    root_of_squares,
    squares_hold,
    squares_hold_near,
)
from terrazzo.kernels.jit import kernel

Eigenvalues = tuple[NDArray[np.float32], NDArray[np.float32]]


def hessian_eigenvalues(smooth: NDArray[np.float32], sigma: float, rows: Rows = None) -> Eigenvalues:
    """Return the larger and the smaller eigenvalue of the Hessian of each section of a smoothed image (z, y, x).

    Second derivatives are differences of neighbouring pixels, times `sigma` squared, so that a structure of any width
    answers alike at its own scale.

    Parameters
    ----------
    smooth : ndarray of float32, shape (z, y, x)
        The image, smoothed by a Gaussian of `sigma`.
    sigma : float
        In pixels.
    rows : tuple of int, optional
        The first row that is wanted and the one after the last.

    Returns
    -------
    larger, smaller : ndarray of float32, shape (z, y, x)
        A pixel depends on those at most one row and column away.

    Notes
    -----
    Lindeberg 1998, Edge detection and ridge detection with automatic scale selection.
    """
    top, bottom = rows_of(smooth, rows)
    larger, smaller = (np.empty((len(smooth), bottom - top, smooth.shape[2]), np.float32) for _ in range(2))
    for section, *results in zip(smooth, larger, smaller, strict=True):
        held = squares_hold_near(section, top, bottom)
        _hessian_of_rows(section, top, np.float32(sigma * sigma), held, *results)
    return larger, smaller


class StructureTensor:
    """The structure tensor of a smoothed section, of which the square roots of its eigenvalues follow, row by row.

    The tensor is that of the gradient (central differences, times `sigma`), smoothed by a Gaussian of 2 `sigma`. Its
    roots are of first degree in contrast: how much intensity changes per `sigma` in the direction of most change, and
    across it. A pixel depends on those at most `1 + radius(2 * sigma)` rows and columns away; a coarse one on coarse
    ones at most `radius(sigma)` away, and these on one more pixel around them.

    Parameters
    ----------
    smooth : ndarray of float32, shape (y, x)
        The section, smoothed by a Gaussian of `sigma`.
    sigma : float
        In pixels.
    coarse : bool
        Whether the products of the gradient are smoothed on the next level of the pyramid, on which the result is
        then: by a Gaussian of `sigma` of its pixels.

    Notes
    -----
    Förstner and Gülch 1987, A fast operator for detection and precise location of distinct points, corners and centres
    of circular features.
    """

    def __init__(self, smooth: NDArray[np.float32], sigma: float, *, coarse: bool = False) -> None:
        self._weights = gaussian_weights(sigma if coarse else 2 * sigma)
        height, width = (-(-n // 2) if coarse else n for n in smooth.shape)
        held = squares_hold(smooth[None])
        self._products = np.empty((3, height, width), np.float32 if held else np.float64)
        (_coarse_products if coarse else _products)(smooth, np.float32(0.5 * sigma), held, self._products)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the eigenvalues."""
        height, width = self._products.shape[1:]
        return height, width

    def eigenvalues(self, rows: Rows = None) -> Eigenvalues:
        """Return the roots of the larger and the smaller eigenvalue (y, x), on some rows or on all."""
        top, bottom = rows_of(self._products, rows)
        larger, smaller = (np.empty((bottom - top, self._products.shape[2]), np.float32) for _ in range(2))
        _structure_of_rows(self._products, top, self._weights, larger, smaller)
        return larger, smaller


@kernel
def _hessian_of_rows(section, top, factor, held, larger, smaller):
    height, width = section.shape
    wide = np.empty((3, width + 2), np.float32)
    above, here, below = wide[0, 1:-1], wide[1, 1:-1], wide[2, 1:-1]
    above_left, left, below_left = wide[0, :-2], wide[1, :-2], wide[2, :-2]
    above_right, right, below_right = wide[0, 2:], wide[1, 2:], wide[2, 2:]
    for row in range(larger.shape[0]):
        y = top + row
        for place, near in enumerate((max(y - 1, 0), y, min(y + 1, height - 1))):
            bordered_into(section[near], wide[place])
        large, small = larger[row], smaller[row]
        for x in range(width):
            yy = (above[x] - here[x]) + (below[x] - here[x])
            xx = (left[x] - here[x]) + (right[x] - here[x])
            yx = np.float32(0.25) * ((below_right[x] - below_left[x]) - (above_right[x] - above_left[x]))
            mean, half = np.float32(0.5) * (yy + xx), np.float32(0.5) * (yy - xx)
            spread = np.sqrt(half * half + yx * yx)
            large[x], small[x] = factor * (mean + spread), factor * (mean - spread)
        if not held:
            for x in range(width):
                yy = (above[x] - here[x]) + (below[x] - here[x])
                xx = (left[x] - here[x]) + (right[x] - here[x])
                yx = np.float32(0.25) * ((below_right[x] - below_left[x]) - (above_right[x] - above_left[x]))
                mean, spread = np.float32(0.5) * (yy + xx), root_of_squares(np.float32(0.5) * (yy - xx), yx)
                large[x], small[x] = factor * (mean + spread), factor * (mean - spread)


@kernel
def _products_of_row(section, y, factor, held, wide, yy, yx, xx):
    """Write the products of the gradient along a row, where `factor` is half of what multiplies the gradient."""
    height, width = section.shape
    above, below, left, right = section[max(y - 1, 0)], section[min(y + 1, height - 1)], wide[:-2], wide[2:]
    bordered_into(section[y], wide)
    for x in range(width):
        dy, dx = factor * (below[x] - above[x]), factor * (right[x] - left[x])
        yy[x], yx[x], xx[x] = dy * dy, dy * dx, dx * dx
    if not held:
        for x in range(width):
            dy, dx = factor * (below[x] - above[x]), factor * (right[x] - left[x])
            yy[x], yx[x], xx[x] = held_product(dy, dy), held_product(dy, dx), held_product(dx, dx)


@kernel
def _products(section, factor, held, products):
    wide = np.empty(section.shape[1] + 2, np.float32)
    for y in range(section.shape[0]):
        _products_of_row(section, y, factor, held, wide, products[0, y], products[1, y], products[2, y])


@kernel
def _coarse_products(section, factor, held, products):
    """Write the means of the products over 2 x 2 pixels; an odd last row or column counts twice."""
    height, width = section.shape
    top, bottom = np.empty((3, width), products.dtype), np.empty((3, width), products.dtype)
    wide = np.empty(width + 2, np.float32)
    for y in range(products.shape[1]):
        _products_of_row(section, 2 * y, factor, held, wide, top[0], top[1], top[2])
        _products_of_row(section, min(2 * y + 1, height - 1), factor, held, wide, bottom[0], bottom[1], bottom[2])
        for product in range(3):
            upper, lower, row = top[product], bottom[product], products[product, y]
            for x in range(row.size):
                other = min(2 * x + 1, width - 1)
                row[x] = np.float32(0.25) * ((upper[2 * x] + upper[other]) + (lower[2 * x] + lower[other]))
            if not held:
                for x in range(row.size):
                    other = min(2 * x + 1, width - 1)
                    row[x] = mean_of_four(upper[2 * x], upper[other], lower[2 * x], lower[other])


@kernel
def _structure_of_rows(products, top, weights, larger, smaller):
    rows, width = larger.shape
    reach = weights.size - 1
    padded, total = np.empty(width + 2 * reach, np.float64), np.empty((3, width), np.float64)
    for row in range(rows):
        for product in range(3):
            along_y(products[product], top + row, weights, padded[reach : reach + width])
            along_x(padded, weights, total[product])
        yy, yx, xx, large, small = total[0], total[1], total[2], larger[row], smaller[row]
        for x in range(width):
            mean, half = 0.5 * (yy[x] + xx[x]), 0.5 * (yy[x] - xx[x])
            spread = np.sqrt(half * half + yx[x] * yx[x])
            large[x], small[x] = np.sqrt(mean + spread), np.sqrt(max(mean - spread, 0.0))
