"""Noise hashed from absolute coordinates, the windows of the plane that it fills, and the profiles that things have."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_FIELD = np.uint64(0xFFFF)
_SHIFTS = (np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(16))


@kernel
def mix(word: np.uint64) -> np.uint64:
    """Scramble 64 bits so that every input bit reaches every output bit (the finaliser of SplitMix64)."""
    word = (word ^ (word >> _SHIFTS[1])) * _FIRST
    word = (word ^ (word >> _SHIFTS[0])) * _SECOND
    return word ^ (word >> _SHIFTS[2])


@kernel
def stream(seed: np.uint64, number: int) -> np.uint64:
    """Return the seed of the independent stream `number` of `seed`."""
    return mix(mix(seed + _GOLDEN) + np.uint64(number) * _GOLDEN)


@kernel
def hash_at(y: int, x: int, seed: np.uint64) -> np.uint64:
    """Return 64 random bits that belong to the integer position (y, x), negative ones included."""
    return mix(seed + np.uint64(y) * _GOLDEN + np.uint64(x) * _SECOND)


@kernel
def unit(word: np.uint64, field: int) -> float:
    """Return one of the four independent uniform values in [0, 1) that a word holds; `field` is 0 to 3."""
    return np.float64((word >> (np.uint64(field) * _SHIFTS[3])) & _FIELD) / 65536.0


@kernel
def bell(word: np.uint64) -> float:
    """Return a nearly normal value, mean 0, variance 1, at most 3.47 from 0: the sum of four uniforms."""
    return (unit(word, 0) + unit(word, 1) + unit(word, 2) + unit(word, 3) - (2.0 - 2.0 / 65536.0)) * 1.7320508


@kernel
def noise_on(first_y: int, last_y: int, first_x: int, last_x: int, seed: np.uint64) -> NDArray[np.float64]:
    """Return white noise, nearly normal, on the pixels (y, x) of a window; `last` is outside."""
    noise = np.empty((last_y - first_y, last_x - first_x), np.float64)
    for y in range(noise.shape[0]):
        for x in range(noise.shape[1]):
            noise[y, x] = bell(hash_at(first_y + y, first_x + x, seed))
    return noise


@kernel
def _slope(iy: int, ix: int, dy: float, dx: float, seed: np.uint64) -> float:
    word = hash_at(iy, ix, seed)
    return (2.0 * unit(word, 0) - 1.0) * dy + (2.0 * unit(word, 1) - 1.0) * dx


@kernel
def gradient_noise(y: int, x: int, pitch: int, seed: np.uint64) -> float:
    """Return smooth noise in [-1, 1] at an integer position; its features are about `pitch` pixels wide.

    Source: K. Perlin, Improving noise, SIGGRAPH 2002; with hashed gradients in place of a table, so that it
    does not repeat.
    """
    py, px = y / pitch, x / pitch
    iy, ix = int(np.floor(py)), int(np.floor(px))
    dy, dx = py - iy, px - ix
    fy, fx = fade(dy), fade(dx)
    top = _slope(iy, ix, dy, dx, seed)
    top += fx * (_slope(iy, ix + 1, dy, dx - 1.0, seed) - top)
    low = _slope(iy + 1, ix, dy - 1.0, dx, seed)
    low += fx * (_slope(iy + 1, ix + 1, dy - 1.0, dx - 1.0, seed) - low)
    return top + fy * (low - top)


@kernel
def fade(t: float) -> float:
    """Rise from 0 at t = 0 to 1 at t = 1 without slope or curvature at the ends.

    Source: K. Perlin, Improving noise, SIGGRAPH 2002.
    """
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0)


@kernel
def bump(t: float) -> float:
    """Fall from 1 at t = 0 to 0 at t = 1, arrive without slope, and stay 0."""
    rest = 1.0 - min(t, 1.0)
    return rest * rest


@kernel
def ridge(distance: float, half_width: float) -> float:
    """Return a bump across a line: 1 on it, 0 from `half_width` on either side."""
    t = distance * (1.0 / half_width)
    return bump(t * t)


class Window(NamedTuple):
    """A rectangle of pixels; (y, x) is its first."""

    y: int
    x: int
    height: int
    width: int


@kernel
def squares(start: int, length: int, pitch: int, reach: int) -> tuple[int, int]:
    """Return the first square that a run touches, and how many, with `reach` more on either side."""
    first = start // pitch - reach
    return first, (start + length - 1) // pitch + reach + 1 - first
