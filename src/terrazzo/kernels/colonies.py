"""Where the colonies and the differentiated regions of a synthetic culture lie: signed distances to their edges."""

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel
from terrazzo.kernels.noise import gradient_noise, hash_at, mix, stream, unit

PITCH = 512
"""Side, in pixels, of the squares of the plan; every square holds a colony, a region, or both."""

_PLAN, _COLONY_EDGE, _REGION_EDGE = 1, 2, 3


@kernel
def plan(y0: int, x0: int, rows: int, columns: int, seed: np.uint64) -> NDArray[np.float64]:
    """Return the ellipses of `rows` x `columns` squares from square (y0, x0) on.

    Two by two squares share out four roles, one each, so that no class is missing from any wide window.

    Returns
    -------
    ndarray of float64, shape (rows, columns, 2, 5)
        For the colony [0] and the region [1] of each square: centre y and x in pixels, radius (0: none), and
        the two numbers of the ellipse's shape.
    """
    ellipses = np.zeros((rows, columns, 2, 5))
    for j in range(rows):
        for i in range(columns):
            _furnish(ellipses[j, i], y0 + j, x0 + i, stream(seed, _PLAN))
    return ellipses


@kernel
def _furnish(square: NDArray[np.float64], gy: int, gx: int, seed: np.uint64) -> None:
    word = hash_at(gy, gx, seed)
    more = mix(word)
    role = np.int64((gy & 1) * 2 + (gx & 1)) ^ np.int64(unit(hash_at(gy >> 1, gx >> 1, ~seed), 0) * 4.0)
    colony, region = _radii(role, unit(word, 0), unit(more, 0))
    colony_y = (gy + 0.28 + 0.44 * unit(word, 1)) * PITCH
    colony_x = (gx + 0.28 + 0.44 * unit(word, 2)) * PITCH
    square[0] = _ellipse(colony_y, colony_x, colony, unit(more, 1), unit(more, 2))
    away = 0.0 if role == 2 else 130.0
    region_y, region_x = (2.0 * unit(word, 3) - 1.0) * away, (2.0 * unit(more, 3) - 1.0) * away
    square[1] = _ellipse(colony_y + region_y, colony_x + region_x, region, unit(more, 2), unit(more, 0))


@kernel
def _radii(role: int, size: float, spread: float) -> tuple[float, float]:
    """Return the radii of a square's colony and region: large colony, medium with a skirt, region, small."""
    if role == 0:
        return 215.0 + 110.0 * size, 0.0
    if role == 1:
        return 130.0 + 80.0 * size, 150.0 + 80.0 * spread
    if role == 2:
        return 0.0, 190.0 + 90.0 * size
    return 75.0 + 55.0 * size, 60.0 + 90.0 * spread


@kernel
def _ellipse(y: float, x: float, radius: float, stretch: float, shear: float) -> NDArray[np.float64]:
    return np.array([y, x, radius, 0.6 * stretch - 0.3, 0.6 * shear - 0.3])


@kernel
def edge_distance(
    y: int, x: int, kind: int, ellipses: NDArray[np.float64], y0: int, x0: int, seed: np.uint64
) -> float:
    """Return how far inside (positive) or outside (negative) its nearest outline a pixel lies, about in pixels.

    Parameters
    ----------
    y, x
        Absolute position, integers.
    kind
        0 for colonies, 1 for differentiated regions.
    ellipses, y0, x0
        A plan that covers the square of the pixel and its eight neighbours, and the plan's first square.
    seed
        Seed of the scene.
    """
    gy, gx = y // PITCH - y0, x // PITCH - x0
    inside = -1000.0
    for j in range(gy - 1, gy + 2):
        for i in range(gx - 1, gx + 2):
            inside = max(inside, _depth(y, x, ellipses[j, i, kind]))
    if kind == 0:
        return inside + _roughness(y, x, stream(seed, _COLONY_EDGE), 70.0, 34.0, 12.0, 5.0)
    return inside + _roughness(y, x, stream(seed, _REGION_EDGE), 110.0, 50.0, 14.0, 0.0)


@kernel
def _depth(y: int, x: int, ellipse: NDArray[np.float64]) -> float:
    if ellipse[2] == 0.0:
        return -1000.0
    dy, dx = y - ellipse[0], x - ellipse[1]
    square = dy * dy * (1.0 + ellipse[3]) + dx * dx * (1.0 - ellipse[3]) + 2.0 * ellipse[4] * dy * dx
    return ellipse[2] - np.sqrt(square)


@kernel
def _roughness(y: int, x: int, seed: np.uint64, wide: float, middle: float, narrow: float, fine: float) -> float:
    smooth = wide * gradient_noise(y, x, 230, seed) + middle * gradient_noise(y, x, 90, seed + np.uint64(1))
    rough = narrow * gradient_noise(y, x, 37, seed + np.uint64(2))
    return smooth + rough + fine * gradient_noise(y, x, 17, seed + np.uint64(3))
