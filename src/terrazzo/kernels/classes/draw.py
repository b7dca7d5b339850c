"""Shapes into pixels, exact under cropping: any window gets the pixels that the whole image would have there."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel


@kernel
def draw(
    canvas: NDArray[np.uint8],
    start: tuple[int, int],
    points: NDArray[np.float64],
    rings: NDArray[np.int64],
    parts: NDArray[np.int64],
    filled: NDArray[np.bool_],
    values: NDArray[np.uint8],
    chosen: NDArray[np.int64],
) -> None:
    """Draw parts of a drawing into a window, the later ones over the earlier.

    A pixel is in a filled part if its centre is, by the even-odd rule. A centre on an outline is in the part that lies
    to its right, else below: of two parts that share an outline exactly one has it. Of a line, pixels are drawn that it
    passes through: those of its corners, and one in each row of a steep edge and in each column of another.

    Parameters
    ----------
    canvas : ndarray of uint8, shape (y, x)
        The window, changed in place.
    start : tuple of int
        Row and column of its first pixel. Pixel (i, j) covers i..i + 1 and j..j + 1.
    points : ndarray of float64, shape (V, 2)
        (y, x) of the corners; a ring ends with its first.
    rings, parts : ndarray of int64
        Where each ring begins in `points`, and each part in `rings`, with the end of the last.
    filled : ndarray of bool, shape (parts,)
        Polygon, or line and point.
    values : ndarray of uint8, shape (parts,)
        What is drawn.
    chosen : ndarray of int64
        Which parts, in this order.
    """
    for part in chosen:
        if filled[part]:
            _fill(canvas, start, points, rings[parts[part] : parts[part + 1] + 1], values[part])
        else:
            for ring in range(parts[part], parts[part + 1]):
                _trace(canvas, start, points[rings[ring] : rings[ring + 1]], values[part])


@kernel
def _fill(canvas, start, points, rings, value):
    corners = points[rings[0] : rings[-1]]
    # rows and columns, within the window, of the centres that can be inside
    top = _bounded(math.ceil(corners[:, 0].min() - 0.5) - start[0], canvas.shape[0])
    bottom = _bounded(math.ceil(corners[:, 0].max() - 0.5) - start[0], canvas.shape[0])
    left = _bounded(math.ceil(corners[:, 1].min() - 0.5) - start[1], canvas.shape[1])
    right = _bounded(math.ceil(corners[:, 1].max() - 0.5) - start[1], canvas.shape[1])
    if top >= bottom or left >= right:
        return
    crossed = np.zeros((bottom - top, right - left), np.bool_)
    for ring in range(rings.size - 1):
        for end in range(rings[ring] + 1, rings[ring + 1]):
            _cross(crossed, start[0] + top, start[1] + left, points[end - 1], points[end])
    for row in range(bottom - top):
        inside = False
        for column in range(right - left):
            inside ^= crossed[row, column]
            if inside:
                canvas[top + row, left + column] = value


@kernel
def _cross(crossed, first_row, first_column, a, b):
    """Note in each row the first pixel whose centre is not left of an edge; a row between the ends has one."""
    # from its upper end whichever way it is walked, so that two parts see the same edge at the same place
    (upper, lower) = (a, b) if a[0] < b[0] else (b, a)
    rows, columns = crossed.shape
    top = _bounded(math.ceil(upper[0] - 0.5) - first_row, rows)
    bottom = _bounded(math.ceil(lower[0] - 0.5) - first_row, rows)
    for row in range(top, bottom):
        along = (first_row + row + 0.5 - upper[0]) / (lower[0] - upper[0])
        place = upper[1] + along * (lower[1] - upper[1])
        column = _bounded(math.ceil(place - 0.5) - first_column, columns)
        if column < columns:
            crossed[row, column] ^= True


@kernel
def _trace(canvas, start, line, value):
    for corner in range(line.shape[0]):
        row, column = math.floor(line[corner, 0]) - start[0], math.floor(line[corner, 1]) - start[1]
        if 0 <= row < canvas.shape[0] and 0 <= column < canvas.shape[1]:
            canvas[int(row), int(column)] = value
    for end in range(1, line.shape[0]):
        _trace_edge(canvas, start, line[end - 1], line[end], value)


@kernel
def _trace_edge(canvas, start, a, b, value):
    """Draw one pixel in each step along the longer axis, from the end that comes first along it."""
    axis = 0 if abs(b[0] - a[0]) > abs(b[1] - a[1]) else 1
    (first, last) = (a, b) if a[axis] <= b[axis] else (b, a)
    other = 1 - axis
    length = last[axis] - first[axis]
    low = _bounded(math.floor(first[axis]) - start[axis], canvas.shape[axis])
    high = _bounded(math.floor(last[axis]) + 1 - start[axis], canvas.shape[axis])
    for step in range(low, high):
        middle = min(max(start[axis] + step + 0.5, first[axis]), last[axis])
        along = (middle - first[axis]) / length if length > 0 else 0.0
        place = math.floor(first[other] + along * (last[other] - first[other])) - start[other]
        if 0 <= place < canvas.shape[other]:
            if axis == 0:
                canvas[step, int(place)] = value
            else:
                canvas[int(place), step] = value


@kernel
def _bounded(place, length):
    return int(min(max(place, 0), length))
