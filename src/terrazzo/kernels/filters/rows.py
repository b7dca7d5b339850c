"""One row of a section, correlated with symmetric weights: in float64, the offsets in their order."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

Rows: TypeAlias = "tuple[int, int] | None"
"""The first of some rows and the one after the last; None is all."""


def rows_of(image: NDArray[np.float32], rows: Rows) -> tuple[int, int]:
    """Return the rows of an image (z, y, x) that are meant."""
    return (0, image.shape[1]) if rows is None else rows


@kernel
def along_y(section, y, weights, total):
    """Write row `y` of a section, correlated with symmetric weights along y, in the precision of the weights."""
    height, here = section.shape[0], section[y]
    kind = weights.dtype.type
    for x in range(total.size):
        total[x] = weights[0] * kind(here[x])
    for k in range(1, weights.size):
        before, after = section[mirrored(y - k, height)], section[mirrored(y + k, height)]
        weight = weights[k]
        for x in range(total.size):
            total[x] += weight * (kind(before[x]) + kind(after[x]))


@kernel
def along_y_with_squares(section, y, weights, total, squares):
    """Write what `along_y` does in float64, and the same of the section's squares."""
    height, here, weight = section.shape[0], section[y], weights[0]
    for x in range(total.size):
        a = np.float64(here[x])
        total[x], squares[x] = weight * a, weight * (a * a)
    for k in range(1, weights.size):
        before, after = section[mirrored(y - k, height)], section[mirrored(y + k, height)]
        weight = weights[k]
        for x in range(total.size):
            a, b = np.float64(before[x]), np.float64(after[x])
            total[x] += weight * (a + b)
            squares[x] += weight * (a * a + b * b)


@kernel
def along_x(padded, weights, total):
    """Correlate a row with `weights`; its borders, one reach wide on both sides, are filled here."""
    width, reach = total.size, weights.size - 1
    for k in range(reach):
        padded[reach - 1 - k] = padded[reach + mirrored(-1 - k, width)]
        padded[reach + width + k] = padded[reach + mirrored(width + k, width)]
    middle = padded[reach : reach + width]
    for x in range(width):
        total[x] = weights[0] * middle[x]
    # the sums of four offsets stay in registers
    k = 1
    while k + 3 <= reach:
        _add_four(padded, k, weights, total)
        k += 4
    while k <= reach:
        # slices, because no compiler vectorises a loop in which an index could be negative
        before, after = padded[reach - k : reach - k + width], padded[reach + k : reach + k + width]
        weight = weights[k]
        for x in range(width):
            total[x] += weight * (before[x] + after[x])
        k += 1


@kernel
def _add_four(padded, k, weights, total):
    """Add what is at the offsets `k` to `k + 3` on both sides, one after the other."""
    width, reach = total.size, weights.size - 1
    low, high = reach - k, reach + k
    a1, a2, a3, a4 = padded[low:], padded[low - 1 :], padded[low - 2 :], padded[low - 3 :]
    b1, b2, b3, b4 = padded[high:], padded[high + 1 :], padded[high + 2 :], padded[high + 3 :]
    w1, w2, w3, w4 = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
    for x in range(width):
        value = total[x]
        value += w1 * (a1[x] + b1[x])
        value += w2 * (a2[x] + b2[x])
        value += w3 * (a3[x] + b3[x])
        value += w4 * (a4[x] + b4[x])
        total[x] = value


@kernel
def bordered_into(row, wide):
    """Write a row with its first and its last pixel once more, so that loops over neighbours are plain slices."""
    wide[0], wide[-1] = row[0], row[-1]
    for x in range(row.size):
        wide[1 + x] = row[x]


@kernel
def mirrored(position, extent):
    """Return the pixel that stands for `position` when the image is mirrored at its borders, however often."""
    place = position % (2 * extent)
    return place if place < extent else 2 * extent - 1 - place
