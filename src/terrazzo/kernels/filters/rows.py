"""One row of a section, correlated with symmetric weights: in float64, the offsets in their order."""

from __future__ import annotations

import numpy as np

from terrazzo.kernels.jit import kernel


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
def squares_along_y(section, y, weights, total):
    """Write row `y` of a section's squares, correlated with symmetric weights along y."""
    height, here = section.shape[0], section[y]
    for x in range(total.size):
        total[x] = weights[0] * (np.float64(here[x]) * np.float64(here[x]))
    for k in range(1, weights.size):
        before, after = section[mirrored(y - k, height)], section[mirrored(y + k, height)]
        weight = weights[k]
        for x in range(total.size):
            a, b = np.float64(before[x]), np.float64(after[x])
            total[x] += weight * (a * a + b * b)


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
    for k in range(1, weights.size):
        # slices, because no compiler vectorises a loop in which an index could be negative
        before, after = padded[reach - k : reach - k + width], padded[reach + k : reach + k + width]
        weight = weights[k]
        for x in range(width):
            total[x] += weight * (before[x] + after[x])


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
