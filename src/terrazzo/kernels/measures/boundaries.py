"""Where do classes meet, and does another image's boundary lie near?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

NO_BOUNDARY = 255


def matched_boundaries(
    true: NDArray[np.uint8],
    found: NDArray[np.uint8],
    known: NDArray[np.bool_],
    classes: int,
    tolerance: float,
    core: tuple[slice, ...],
) -> NDArray[np.int64]:
    """Return how much of each class's boundary lies near that class's boundary in another image.

    A pixel is on the boundary of its class if a pixel with a face in common has another class; both must be known.

    Parameters
    ----------
    true, found : ndarray of uint8, shape (y, x) or (z, y, x)
        Two images of classes, the annotation and the prediction. Values that are no class have no boundary.
    known : ndarray of bool, of the same shape
        Which pixels are compared.
    classes : int
        The number of classes, at most 255.
    tolerance : float
        The largest distance in pixels, along a straight line, at which boundaries still match.
    core : tuple of slice
        Which boundary pixels are counted. Around them there must be `boundary_halo(tolerance)` pixels or the
        image's border.

    Returns
    -------
    ndarray of int64, shape (classes, 4)
        For each class the pixels on the found boundary, those of them near the true one, the pixels on the true
        boundary, those of them near the found one.
    """
    shape = (1,) * (3 - true.ndim) + true.shape
    edges = [class_boundaries(image.reshape(shape), known.reshape(shape), classes) for image in (found, true)]
    window = (slice(0, 1),) * (3 - true.ndim) + core
    start = np.array([part.indices(length)[0] for part, length in zip(window, shape, strict=True)])
    stop = np.array([part.indices(length)[1] for part, length in zip(window, shape, strict=True)])
    near = offsets_within(tolerance)
    pairs = (edges, edges[::-1])
    return np.concatenate([_count_matches(own, other, near, start, stop, classes) for own, other in pairs], axis=1)


def boundary_halo(tolerance: float) -> int:
    """Return how many pixels around a boundary pixel decide whether it is matched."""
    return int(tolerance) + 1


def offsets_within(distance: float) -> NDArray[np.int64]:
    """Return the offsets (z, y, x) of all pixels within a distance, the nearest first."""
    reach = range(-int(distance), int(distance) + 1)
    inside = [(z, y, x) for z in reach for y in reach for x in reach if math.hypot(z, y, x) <= distance]
    return np.array(sorted(inside, key=lambda offset: sum(part * part for part in offset)), np.int64)


@kernel
def class_boundaries(image: NDArray[np.uint8], known: NDArray[np.bool_], classes: int) -> NDArray[np.uint8]:
    """Return each boundary pixel's class, elsewhere 255, of classes (z, y, x)."""
    depth, height, width = image.shape
    edges = np.full(image.shape, NO_BOUNDARY, np.uint8)
    for z in range(depth):
        for y in range(height):
            for x in range(width):
                own = image[z, y, x]
                if own >= classes or not known[z, y, x]:
                    continue
                if (
                    (x > 0 and known[z, y, x - 1] and image[z, y, x - 1] != own)
                    or (x + 1 < width and known[z, y, x + 1] and image[z, y, x + 1] != own)
                    or (y > 0 and known[z, y - 1, x] and image[z, y - 1, x] != own)
                    or (y + 1 < height and known[z, y + 1, x] and image[z, y + 1, x] != own)
                    or (z > 0 and known[z - 1, y, x] and image[z - 1, y, x] != own)
                    or (z + 1 < depth and known[z + 1, y, x] and image[z + 1, y, x] != own)
                ):
                    edges[z, y, x] = own
    return edges


@kernel
def _count_matches(own, other, near, start, stop, classes):
    depth, height, width = own.shape
    counts = np.zeros((classes, 2), np.int64)
    for z in range(start[0], stop[0]):
        for y in range(start[1], stop[1]):
            for x in range(start[2], stop[2]):
                value = own[z, y, x]
                if value == NO_BOUNDARY:
                    continue
                counts[value, 0] += 1
                for k in range(len(near)):
                    a, b, c = z + near[k, 0], y + near[k, 1], x + near[k, 2]
                    inside = 0 <= a < depth and 0 <= b < height and 0 <= c < width
                    if inside and other[a, b, c] == value:
                        counts[value, 1] += 1
                        break
    return counts
