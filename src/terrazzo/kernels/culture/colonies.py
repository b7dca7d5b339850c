"""Where colonies and differentiated regions lie: signed distances to their outlines."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.culture.noise import Window, gradient_noise, hash_at, mix, squares, stream, unit
from terrazzo.kernels.jit import kernel

COLONY, REGION = 0, 1
_PITCH = 512
_SQUARES, _ROLES, _OUTLINE = 1, 2, 3


class Plan(NamedTuple):
    """The ellipses of some squares of side 512, from square (row, column) on.

    `ellipses` is float64 of shape (rows, columns, 2, 5): for the colony [0] and the region [1] of each square
    the centre y and x, the radius (0: none), and the two numbers of the shape.
    """

    row: int
    column: int
    seed: np.uint64
    ellipses: NDArray[np.float64]


@kernel
def plan_around(window: Window, seed: np.uint64) -> Plan:
    """Return the plan that `edge_distance` needs inside a window.

    Four neighbouring squares share out four roles, so that no wide window lacks a class: a large colony, a
    colony with a skirt of differentiated cells, a differentiated region alone, a small colony beside some.
    """
    row, rows = squares(window.y, window.height, _PITCH, 1)
    column, columns = squares(window.x, window.width, _PITCH, 1)
    ellipses = np.zeros((rows, columns, 2, 5))
    for j in range(rows):
        for i in range(columns):
            _furnish(ellipses[j, i], row + j, column + i, seed)
    return Plan(row, column, stream(seed, _OUTLINE), ellipses)


@kernel
def _furnish(square: NDArray[np.float64], gy: int, gx: int, seed: np.uint64) -> None:
    word = hash_at(gy, gx, stream(seed, _SQUARES))
    more = mix(word)
    turn = int(4.0 * unit(hash_at(gy >> 1, gx >> 1, stream(seed, _ROLES)), 0))
    role = int((gy & 1) * 2 + (gx & 1)) ^ turn
    colony, region = _radii(role, unit(word, 0), unit(more, 0))
    colony_y = (gy + 0.15 + 0.7 * unit(word, 1)) * _PITCH
    colony_x = (gx + 0.15 + 0.7 * unit(word, 2)) * _PITCH
    _shape(square[COLONY], colony_y, colony_x, colony, unit(more, 1), unit(more, 2))
    away = 0.0 if role == 2 else 130.0
    region_y = colony_y + (2.0 * unit(word, 3) - 1.0) * away
    region_x = colony_x + (2.0 * unit(more, 3) - 1.0) * away
    _shape(square[REGION], region_y, region_x, region, unit(more, 2), unit(more, 0))


@kernel
def _radii(role: int, size: float, spread: float) -> tuple[float, float]:
    """Return the radii of a square's colony and region: large colony, medium with a skirt, region, small."""
    if role == 0:
        return 200.0 + 100.0 * size, 0.0
    if role == 1:
        return 120.0 + 80.0 * size, 150.0 + 80.0 * spread
    if role == 2:
        return 0.0, 185.0 + 85.0 * size
    return 75.0 + 45.0 * size, 60.0 + 90.0 * spread


@kernel
def _shape(ellipse: NDArray[np.float64], y: float, x: float, radius: float, stretch: float, shear: float) -> None:
    ellipse[0], ellipse[1], ellipse[2] = y, x, radius
    ellipse[3], ellipse[4] = 0.5 * stretch - 0.25, 0.5 * shear - 0.25


@kernel
def edge_distance(y: int, x: int, kind: int, plan: Plan) -> float:
    """Return how far inside (positive) or outside its nearest outline a pixel lies, in pixels, roughly.

    `kind` is COLONY or REGION; the plan must cover the pixel.
    """
    row, column = y // _PITCH - plan.row, x // _PITCH - plan.column
    depth = -1000.0
    for j in range(row - 1, row + 2):
        for i in range(column - 1, column + 2):
            depth = max(depth, _depth(y, x, plan.ellipses[j, i, kind]))
    if kind == COLONY:
        ripple = 4.0 * gradient_noise(y, x, 17, stream(plan.seed, 1))
        return depth + ripple + _roughness(y, x, plan.seed, 110.0, 55.0, 14.0)
    return depth + _roughness(y, x, ~plan.seed, 130.0, 60.0, 14.0)


@kernel
def _depth(y: int, x: int, ellipse: NDArray[np.float64]) -> float:
    if ellipse[2] == 0.0:
        return -1000.0
    dy, dx = y - ellipse[0], x - ellipse[1]
    square = dy * dy * (1.0 + ellipse[3]) + dx * dx * (1.0 - ellipse[3]) + 2.0 * ellipse[4] * dy * dx
    return float(ellipse[2] - np.sqrt(square))


@kernel
def _roughness(y: int, x: int, seed: np.uint64, wide: float, middle: float, narrow: float) -> float:
    """Return noise of three scales; the wider lattices are turned, so that no outline runs along the axes."""
    turned = wide * gradient_noise(4 * y - 3 * x, 3 * y + 4 * x, 5 * 230, seed)
    turned += middle * gradient_noise(12 * y + 5 * x, 12 * x - 5 * y, 13 * 90, seed + np.uint64(1))
    return turned + narrow * gradient_noise(y, x, 37, seed + np.uint64(2))
