"""Differences between neighbouring pixels of each section: gradient and Laplacian."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.filters.rows import bordered_into
from terrazzo.kernels.filters.squares import root_of_squares, squares_hold
from terrazzo.kernels.jit import kernel


@kernel
def gradient_and_laplacian(
    image: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the gradient magnitude (central differences) and 5-point Laplacian in each section (z, y, x)."""
    depth, height, width = image.shape
    gradient = np.empty((depth, height, width), np.float32)
    laplacian = np.empty((depth, height, width), np.float32)
    wide = np.empty(width + 2, np.float32)
    left, right = wide[:width], wide[2:]
    held = squares_hold(image)
    for z in range(depth):
        for y in range(height):
            above, here, below = image[z, max(y - 1, 0)], image[z, y], image[z, min(y + 1, height - 1)]
            slope, curve = gradient[z, y], laplacian[z, y]
            bordered_into(here, wide)
            for x in range(width):
                dy, dx = np.float32(0.5) * (below[x] - above[x]), np.float32(0.5) * (right[x] - left[x])
                slope[x] = np.sqrt(dy * dy + dx * dx)
                curve[x] = ((above[x] - here[x]) + (below[x] - here[x])) + ((left[x] - here[x]) + (right[x] - here[x]))
            if not held:
                for x in range(width):
                    dy, dx = np.float32(0.5) * (below[x] - above[x]), np.float32(0.5) * (right[x] - left[x])
                    slope[x] = root_of_squares(dy, dx)
    return gradient, laplacian
