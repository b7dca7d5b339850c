"""The scene and its true classes, drawn row by row on a window and the ring of pixels that blur into it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.culture.colonies import REGION, edge_distance, plan_around
from terrazzo.kernels.culture.litter import litter
from terrazzo.kernels.culture.noise import Window, bell, hash_at, squares, stream
from terrazzo.kernels.culture.phase_contrast import expose, halo, medium, packed_cell, spread_cell
from terrazzo.kernels.culture.smooth_fields import STEP, Fields, blank_fields, fields_around, read_row
from terrazzo.kernels.culture.texture import (
    Nearest,
    Sites,
    align,
    blank_row,
    distance,
    find_nearest,
    place,
    sites_around,
)
from terrazzo.kernels.jit import kernel

_GREY = 126.0
_GRAIN, _SENSOR = 8.0, 2.5
_WAVER = 7.0
_LITTER, _GRAINS, _NOISE, _PACKED, _SPREAD, _AXES = 10, 11, 12, 13, 14, 15


def draw_culture(window: Window, seed: int) -> NDArray[np.uint8]:
    """Return image [0] and classes [1] of a window: 0 medium, 1 colony, 2 differentiated.

    Returns
    -------
    ndarray of uint8, shape (2, height, width)
    """
    key = np.uint64(seed)
    left, nodes = squares(window.x - 1, window.width + 2, STEP, 0)
    ringed = Window(window.y - 1, left * STEP, window.height + 2, nodes * STEP)
    lead = window.x - 1 - ringed.x
    scene, classes = _draw_rows(ringed, key)
    drawn = np.empty((2, window.height, window.width), np.uint8)
    blurred = scene[:, lead : lead + window.width + 2]
    noise = np.uint64(stream(key, _NOISE))  # a kernel hands an unsigned word back as a Python int
    expose(blurred, window.y, window.x, noise, _SENSOR, drawn[0])
    drawn[1] = classes[1:-1, lead + 1 : lead + 1 + window.width]
    return drawn


@kernel
def _draw_rows(window: Window, seed: np.uint64) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Return grey levels before the lens, and classes, of a window whose left and right are on nodes."""
    scene = litter(window, stream(seed, _LITTER))
    classes = np.zeros(scene.shape, np.uint8)
    nodes, row = fields_around(window, seed), blank_fields((window.width,))
    packed = sites_around(window, pitch=14, reach=1, span=4, stretch=1.0, seed=stream(seed, _PACKED))
    spread = sites_around(window, pitch=34, reach=2, span=1, stretch=2.4, seed=stream(seed, _SPREAD))
    align(spread, 320, stream(seed, _AXES))
    members = _members(spread, seed)
    found, level = blank_row(window.width), np.empty(window.width)
    for j in range(window.height):
        y = window.y + j
        read_row(nodes, window.y, y, row)
        for i in range(window.width):
            level[i] = medium(row.drift[i], row.mottle[i], row.light[i])
        _draw_spread(y, window.x, row, spread, members, found, level, classes[j])
        _draw_packed(y, window.x, row, packed, found, level, classes[j])
        _finish_row(y, window.x, row, level, stream(seed, _GRAINS), scene[j])
    return scene, classes


@kernel
def _members(spread: Sites, seed: np.uint64) -> NDArray[np.bool_]:
    """Return which long cells are differentiated: whole ones, so that a region's outline follows theirs."""
    rows, columns = spread.y.shape
    members = np.empty((rows, columns), np.bool_)
    pitch = spread.pitch
    plan = plan_around(Window(spread.row * pitch, spread.column * pitch, rows * pitch, columns * pitch), seed)
    for j in range(rows):
        for i in range(columns):
            y, x = int(np.floor(spread.y[j, i])), int(np.floor(spread.x[j, i]))
            members[j, i] = edge_distance(y, x, REGION, plan) > 0.0
    return members


@kernel
def _draw_spread(
    y: int,
    x0: int,
    row: Fields,
    spread: Sites,
    members: NDArray[np.bool_],
    found: Nearest,
    level: NDArray[np.float64],
    classes: NDArray[np.uint8],
) -> None:
    needed = (row.region > -100.0) & (row.depth < 4.0)
    ys, xs = _wavering(y, x0, row)
    find_nearest(y // spread.pitch, x0, needed, ys, xs, spread, found)
    for i in range(level.size):
        if not needed[i]:
            continue
        gap = distance(found.second[i]) - distance(found.first[i])
        j, k = place(found.first[i], y, x0 + i, spread)
        if members[j, k]:
            dy, dx = ys[i] - spread.y[j, k], xs[i] - spread.x[j, k]
            along = dy * spread.axes[j, k, 0] + dx * spread.axes[j, k, 1]
            across = dy * spread.axes[j, k, 1] - dx * spread.axes[j, k, 0]
            level[i] = spread_cell(along, across, gap, row.drift[i], row.mottle[i], spread.words[j, k])
            classes[i] = 2
        elif members[place(found.second[i], y, x0 + i, spread)]:
            level[i] += 18.0 * max(0.0, 1.0 - gap / 7.0)


@kernel
def _draw_packed(
    y: int,
    x0: int,
    row: Fields,
    packed: Sites,
    found: Nearest,
    level: NDArray[np.float64],
    classes: NDArray[np.uint8],
) -> None:
    needed = row.depth > -3.0
    ys, xs = _wavering(y, x0, row)
    find_nearest(y // packed.pitch, x0, needed, ys, xs, packed, found)
    for i in range(level.size):
        if not needed[i]:
            continue
        gap = distance(found.second[i]) - distance(found.first[i])
        j, k = place(found.first[i], y, x0 + i, packed)
        dy, dx, depth = ys[i] - packed.y[j, k], xs[i] - packed.x[j, k], row.depth[i]
        cell = packed_cell(dy, dx, gap, depth, row.drift[i], row.mottle[i], packed.words[j, k])
        level[i] += min(1.0, 0.5 + depth / 6.0) * (cell - level[i])
        if depth > 0.0:
            classes[i] = 1


@kernel
def _wavering(y: int, x0: int, row: Fields) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where the pixels of a row look for their cells: a little off, so that cells are not polygons."""
    ys, xs = np.empty(row.sway.size), np.empty(row.sway.size)
    for i in range(ys.size):
        ys[i] = y + _WAVER * row.mottle[i]
        xs[i] = x0 + i + _WAVER * row.sway[i]
    return ys, xs


@kernel
def _finish_row(
    y: int, x0: int, row: Fields, level: NDArray[np.float64], grain: np.uint64, scene: NDArray[np.float64]
) -> None:
    """Add halo, light, grain and, fainter over a colony, the litter that the scene holds already."""
    for i in range(level.size):
        shown = 1.0 if row.depth[i] < 0.0 else 0.5
        level[i] += halo(row.depth[i], row.mottle[i]) + row.light[i]
        scene[i] = _GREY + level[i] + shown * scene[i] + _GRAIN * bell(hash_at(y, x0 + i, grain))
