"""Differences between neighbouring pixels of each section: gradient and Laplacian."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.filters.rows import Rows, bordered_into, rows_of
from terrazzo.kernels.filters.squares import root_of_squares, squares_hold_near
from terrazzo.kernels.jit import kernel


def gradient_and_laplacian(
    image: NDArray[np.float32], rows: Rows = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the gradient magnitude (central differences) and 5-point Laplacian in each section (z, y, x).

    With `rows`, the first and the one after the last, only on these.
    """
    top, bottom = rows_of(image, rows)
    gradient, laplacian = (np.empty((len(image), bottom - top, image.shape[2]), np.float32) for _ in range(2))
    for section, *results in zip(image, gradient, laplacian, strict=True):
        _gradient_and_laplacian(section, top, squares_hold_near(section, top, bottom), *results)
    return gradient, laplacian


@kernel
def _gradient_and_laplacian(section, top, held, gradient, laplacian):
    height, width = section.shape
    wide = np.empty(width + 2, np.float32)
    left, right = wide[:width], wide[2:]
    for row in range(gradient.shape[0]):
        y = top + row
        above, here, below = section[max(y - 1, 0)], section[y], section[min(y + 1, height - 1)]
        slope, curve = gradient[row], laplacian[row]
        bordered_into(here, wide)
        for x in range(width):
            dy, dx = np.float32(0.5) * (below[x] - above[x]), np.float32(0.5) * (right[x] - left[x])
            slope[x] = np.sqrt(dy * dy + dx * dx)
            curve[x] = ((above[x] - here[x]) + (below[x] - here[x])) + ((left[x] - here[x]) + (right[x] - here[x]))
        if not held:
            for x in range(width):
                dy, dx = np.float32(0.5) * (below[x] - above[x]), np.float32(0.5) * (right[x] - left[x])
                slope[x] = root_of_squares(dy, dx)
