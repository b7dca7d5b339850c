"""The smooth fields of a scene: values on a lattice of absolute coordinates, and how to read between them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.culture.colonies import COLONY, REGION, edge_distance, plan_around
from terrazzo.kernels.culture.noise import Window, gradient_noise, squares, stream
from terrazzo.kernels.jit import kernel

STEP = 4
"""Distance, in pixels, between the nodes of the lattice."""

_LIGHT, _DRIFT, _MOTTLE, _SWAY = 30, 31, 32, 33


class Fields(NamedTuple):
    """Smooth fields on a lattice, or read along a row of pixels: the last axis is x.

    `depth` and `region` are the distances into colonies and differentiated regions, `light` the illumination,
    `drift` slow noise, `mottle` and `sway` quick noise.
    """

    depth: NDArray[np.float64]
    region: NDArray[np.float64]
    light: NDArray[np.float64]
    drift: NDArray[np.float64]
    mottle: NDArray[np.float64]
    sway: NDArray[np.float64]


@kernel
def blank_fields(shape: Any) -> Fields:
    """Return room for fields of a shape: (rows, columns) of a lattice, or (width,) of a row."""
    return Fields(np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape))


@kernel
def fields_around(window: Window, seed: np.uint64) -> Fields:
    """Return the fields at the nodes of the lattice, STEP pixels apart, that surround a window."""
    row, rows = squares(window.y, window.height, STEP, 0)
    column, columns = squares(window.x, window.width, STEP, 0)
    shape = (rows + 1, columns + 1)
    nodes = blank_fields(shape)
    plan = plan_around(Window(row * STEP, column * STEP, rows * STEP + 1, columns * STEP + 1), seed)
    light, drift = stream(seed, _LIGHT), stream(seed, _DRIFT)
    mottle, sway = stream(seed, _MOTTLE), stream(seed, _SWAY)
    for j in range(shape[0]):
        for i in range(shape[1]):
            y, x = (row + j) * STEP, (column + i) * STEP
            nodes.depth[j, i] = edge_distance(y, x, COLONY, plan)
            nodes.region[j, i] = edge_distance(y, x, REGION, plan)
            nodes.light[j, i] = 28.0 * gradient_noise(y, x, 1300, light)
            nodes.light[j, i] += 12.0 * gradient_noise(y, x, 400, light)
            nodes.drift[j, i] = gradient_noise(y, x, 190, drift)
            nodes.mottle[j, i] = gradient_noise(y, x, 19, mottle)
            nodes.sway[j, i] = gradient_noise(y, x, 23, sway)
    return nodes


@kernel
def read_row(nodes: Fields, y0: int, y: int, row: Fields) -> None:
    """Interpolate the fields of a window along its row `y`; its first row is `y0`, its sides are on nodes."""
    j = y // STEP - y0 // STEP
    part = (y - (y // STEP) * STEP) / STEP
    _read(nodes.depth, j, part, row.depth)
    _read(nodes.region, j, part, row.region)
    _read(nodes.light, j, part, row.light)
    _read(nodes.drift, j, part, row.drift)
    _read(nodes.mottle, j, part, row.mottle)
    _read(nodes.sway, j, part, row.sway)


@kernel
def _read(nodes: NDArray[np.float64], j: int, part: float, values: NDArray[np.float64]) -> None:
    above, below = nodes[j], nodes[j + 1]
    right = above[0] + part * (below[0] - above[0])
    for node in range(above.size - 1):
        left, right = right, above[node + 1] + part * (below[node + 1] - above[node + 1])
        slope = (right - left) / STEP
        for k in range(STEP):
            values[node * STEP + k] = left + k * slope
