"""What pixels answer that are asked for their class: the small network of a pixel, from responses on their levels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel
from terrazzo.kernels.standardised import LIMIT

# pixels of a row that are answered together: what they hold stays in the nearest cache
BATCH = 64

_ZERO, _ONE, _HALF = np.float32(0), np.float32(1), np.float32(0.5)
# of (Phi(x) - 1/2) / x, Phi being the normal distribution, as a ratio of polynomials in x**2 for |x| up to FAR: beyond
# it the distribution is 0 or 1 to single precision
_FAR = np.float32(5.5)
_P5, _P4, _P3, _P2, _P1, _P0 = map(
    np.float32, (2.27494592e-8, 6.35211563e-6, 1.68825092e-4, 4.67725703e-3, 3.38525847e-2, 3.98942232e-1)
)
_Q5, _Q4, _Q3, _Q2, _Q1 = map(np.float32, (1.19750655e-6, 7.3647323e-5, 1.88444159e-3, 2.86458377e-2, 2.51521766e-1))


@kernel
def write_answers(
    asked: NDArray[np.bool_],
    cells: NDArray[np.int32],
    start: tuple[int, int],
    responses: tuple[NDArray[np.float32], ...],
    network: tuple[tuple[NDArray[np.float32], ...], ...],
    tables: tuple[NDArray[np.float32], ...],
    places: tuple[tuple[NDArray[np.int64], ...], tuple[NDArray[np.int64], ...], tuple[NDArray[np.float32], ...]],
    classes: NDArray[np.uint8],
    logits: NDArray[np.float32],
) -> None:
    """Write the logits of the pixels of a tile that are asked, ``decide gelu(pixel r + own + around)``, and the class.

    Responses r of coarser levels are weighted once for each coarse pixel. A pixel's bits depend on no other.

    Parameters
    ----------
    asked : ndarray of bool, shape (z, y, x)
    cells : ndarray of int32, shape (z, y, x)
        The place of each pixel's superpixel in `own`.
    start : tuple of int
        The row and the column of the image at which the tile begins.
    responses : tuple of ndarray of float32, shape (columns, z, y, x)
        Of each level of the pyramid, on the pixels that the tile lies in.
    network : tuple
        Mean and standard deviation of each level's columns, shape (2, columns); their weights, (columns, H); and in a
        tuple of its own the matrix of what decides, (C, H).
    tables : tuple of ndarray of float32
        What superpixels say to their own pixels, (cells, H), and to those around, (z, y, x, H); the logits that the
        pixels of each begin with, (cells, C).
    places : tuple of three tuples of ndarray
        Along z, y and x, for each pixel the cells between whose middles it lies, and the share of the second.
    classes : ndarray of uint8, shape (z, y, x)
        The highest of a pixel's logits goes here; ties go to the lowest class.
    logits : ndarray of float32, shape (pixels, C)
        Those of the pixels that are asked, in raster order, go here.
    """
    scale, seen, (decide,) = network
    own, around, begin = tables
    below, above, share = places
    (depth, height, width), units, levels = asked.shape, own.shape[1], len(responses)
    row = np.empty((around.shape[2], units), np.float32)
    # of the level above the coarsest all is 0
    sums = np.zeros((levels + 1, width, units), np.float32)
    known = np.empty(sums.shape[:2], np.int64)
    at, counts = np.empty((levels, width), np.int64), np.empty(levels, np.int64)
    hidden = np.empty((units, BATCH), np.float32)
    values = np.empty((max([len(one) for one in seen]), BATCH), np.float32)
    place = 0
    for z in range(depth):
        known[:] = -1
        for y in range(height):
            counts[0] = _places_asked(asked[z, y], at[0])
            if counts[0] == 0:
                continue
            _between_rows(around, z, y, below, above, share, row)
            _coarse_places(start, y, at, counts, known)
            for level in range(levels - 1, -1, -1):
                down, left = ((start[0] + y) >> level) - (start[0] >> level), start[1] >> level
                for first in range(0, counts[level], BATCH):
                    here = at[level, first : min(first + BATCH, counts[level])]
                    _begin(sums[level + 1], here, left, hidden)
                    _add_seen(responses[level], z, down, here, scale[level], seen[level], values, hidden)
                    if level:
                        _keep(hidden, here, sums[level])
                        continue
                    _add_around(row, own, cells[z, y], here, below[2], above[2], share[2], hidden)
                    _gelu(hidden, here.size)
                    found = logits[place : place + here.size]
                    _decide(hidden, decide, begin, cells[z, y], here, found)
                    _highest(found, here, classes[z, y])
                    place += here.size


@kernel
def _places_asked(asked, at):
    """Write where a row has pixels that are asked, and return how many they are."""
    count = 0
    for x in range(asked.size):
        at[count] = x
        count += asked[x]
    return count


@kernel
def _coarse_places(start, y, at, counts, known):
    """Write for each coarser level at which of its pixels those of a row lie, but for what is known already."""
    for level in range(1, counts.size):
        down, before, count = (start[0] + y) >> level, -1, 0
        for some in range(counts[level - 1]):
            x = (((start[1] >> (level - 1)) + at[level - 1, some]) >> 1) - (start[1] >> level)
            if x != before and known[level, x] != down:
                at[level, count] = x
                count += 1
                known[level, x] = down
            before = x
        counts[level] = count


@kernel
def _between_rows(around, z, y, below, above, share, row):
    """Write what is around the middles of cells along x, interpolated along z and y."""
    wz, wy = share[0][z], share[1][y]
    low_z, high_z, low_y, high_y = below[0][z], above[0][z], below[1][y], above[1][y]
    for cell in range(row.shape[0]):
        for unit in range(row.shape[1]):
            row[cell, unit] = around[low_z, low_y, cell, unit] * (_ONE - wy) + around[low_z, high_y, cell, unit] * wy
        if low_z != high_z:
            for unit in range(row.shape[1]):
                high = around[high_z, low_y, cell, unit] * (_ONE - wy) + around[high_z, high_y, cell, unit] * wy
                row[cell, unit] = row[cell, unit] * (_ONE - wz) + high * wz


@kernel
def _begin(sums, at, left, hidden):
    """Begin with what the coarser pixels say that some pixels of a row lie in."""
    for pixel in range(at.size):
        x = ((left + at[pixel]) >> 1) - (left >> 1)
        for unit in range(sums.shape[1]):
            hidden[unit, pixel] = sums[x, unit]


@kernel
def _keep(hidden, at, sums):
    for pixel in range(at.size):
        x = at[pixel]
        for unit in range(sums.shape[1]):
            sums[x, unit] = hidden[unit, pixel]


@kernel
def _add_around(row, own, cells, at, below, above, share, hidden):
    """Add what the pixels' own superpixels say and those around, interpolated along x."""
    for pixel in range(at.size):
        x = at[pixel]
        low, high, cell, weight = below[x], above[x], cells[x], share[x]
        rest = _ONE - weight
        for unit in range(row.shape[1]):
            hidden[unit, pixel] += own[cell, unit] + (row[low, unit] * rest + row[high, unit] * weight)


@kernel
def _add_seen(responses, z, y, at, scale, seen, values, hidden):
    """Add what the responses of some pixels of a row say, standardised."""
    columns, count = seen.shape[0], at.size
    for column in range(columns):
        mean, std = scale[0, column], scale[1, column]
        for pixel in range(count):
            values[column, pixel] = responses[column, z, y, at[pixel]]
        for pixel in range(count):
            value = (values[column, pixel] - mean) / std
            values[column, pixel] = _ZERO if np.isnan(value) else min(max(value, -LIMIT), LIMIT)
    whole = columns - columns % 4
    for unit in range(hidden.shape[0]):
        # sums of four responses stay in registers
        for k in range(0, whole, 4):
            a, b, c, d = seen[k, unit], seen[k + 1, unit], seen[k + 2, unit], seen[k + 3, unit]
            for pixel in range(count):
                hidden[unit, pixel] += (a * values[k, pixel] + b * values[k + 1, pixel]) + (
                    c * values[k + 2, pixel] + d * values[k + 3, pixel]
                )
        for k in range(whole, columns):
            a = seen[k, unit]
            for pixel in range(count):
                hidden[unit, pixel] += a * values[k, pixel]


@kernel
def _gelu(hidden, count):
    for unit in range(hidden.shape[0]):
        for pixel in range(count):
            x = hidden[unit, pixel]
            near = min(max(x, -_FAR), _FAR)
            t = near * near
            over = ((((_P5 * t + _P4) * t + _P3) * t + _P2) * t + _P1) * t + _P0
            under = ((((_Q5 * t + _Q4) * t + _Q3) * t + _Q2) * t + _Q1) * t + _ONE
            hidden[unit, pixel] = x * (_HALF + near * (over / under))


@kernel
def _decide(hidden, decide, begin, cells, at, logits):
    total = np.empty(BATCH, np.float32)
    for value in range(logits.shape[1]):
        total[:] = _ZERO
        for unit in range(hidden.shape[0]):
            weight = decide[value, unit]
            for pixel in range(at.size):
                total[pixel] += weight * hidden[unit, pixel]
        for pixel in range(at.size):
            logits[pixel, value] = total[pixel] + begin[cells[at[pixel]], value]


@kernel
def _highest(logits, at, classes):
    for pixel in range(at.size):
        best = 0
        for value in range(1, logits.shape[1]):
            if logits[pixel, value] > logits[pixel, best]:
                best = value
        classes[at[pixel]] = best
