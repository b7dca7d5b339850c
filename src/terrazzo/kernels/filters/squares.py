"""Squares that single precision does not hold: above 1e19 they overflow, below 1e-19 they vanish.

There a pixel is computed with its numbers times a power of two, which gives the bits that an image of ordinary
magnitude times that power has. All other pixels are computed as they are. So a pixel's own surroundings decide, never
the block.
"""

from __future__ import annotations

import numpy as np

from terrazzo.kernels.jit import kernel

# Where all values that are not 0 lie between these, so do the squares of what differences and their sums may be.
LEAST, MOST = np.float32(1e-11), np.float32(1e18)
NORMAL, LARGE = np.float32(2.0**-126), np.float32(2.0**126)
LEAST_BITS, MOST_BITS = np.array([LEAST, MOST]).view(np.uint32)
LARGEST_BITS, WITHOUT_SIGN, ONE = np.uint32(2**32 - 1), np.uint32(2**31 - 1), np.uint32(1)
UP, DOWN = np.float32(2.0**100), np.float32(2.0**-100)
UP_TWICE, DOWN_TWICE = 2.0**200, 2.0**-200


def squares_hold_near(section, top, bottom):
    """Whether single precision holds the squares of the differences on some rows of a section (y, x)."""
    return squares_hold(section[None, max(top - 1, 0) : bottom + 1])


@kernel
def squares_hold(image):
    """Whether single precision holds the squares of all differences between pixels of an image (z, y, x)."""
    # the bits of floats without sign are in the order of their values, and whole numbers are compared many at a time
    least, most = LARGEST_BITS, np.uint32(0)
    for z in range(image.shape[0]):
        for y in range(image.shape[1]):
            bits = image[z, y].view(np.uint32)
            for x in range(bits.size):
                value = bits[x] & WITHOUT_SIGN
                most = max(most, value)
                least = min(least, np.uint32(value - ONE))  # 0 is the largest then
    return least >= LEAST_BITS - ONE and most <= MOST_BITS


@kernel
def root_of_squares(a, b):
    """Return the root of the sum of two squares."""
    total = a * a + b * b
    if NORMAL <= total <= LARGE or (a == 0 and b == 0):
        return np.sqrt(total)
    small = max(abs(a), abs(b)) < 1
    up, down = (UP, DOWN) if small else (DOWN, UP)
    a, b = a * up, b * up
    return np.sqrt(a * a + b * b) * down


@kernel
def held_product(a, b):
    """Return a product, in float64, which holds it, with the digits of float32."""
    found = a * b
    if NORMAL <= abs(found) <= LARGE or a == 0 or b == 0:
        return np.float64(found)
    if abs(found) < 1:
        return np.float64((a * UP) * (b * UP)) * DOWN_TWICE
    return np.float64((a * DOWN) * (b * DOWN)) * UP_TWICE


@kernel
def mean_of_four(a, b, c, d):
    """Return the mean of four products, in float64 with the digits of float32."""
    highest = max(max(abs(a), abs(b)), max(abs(c), abs(d)))
    up, down = 1.0, 1.0
    if 0 < highest < NORMAL:
        up, down = UP_TWICE, DOWN_TWICE
    elif highest > 0.25 * LARGE:
        up, down = DOWN_TWICE, UP_TWICE
    upper, lower = np.float32(a * up) + np.float32(b * up), np.float32(c * up) + np.float32(d * up)
    return np.float64(np.float32(0.25) * (upper + lower)) * down
