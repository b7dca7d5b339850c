"""What shape is a region? Sums of whole numbers over its pixels, and what follows from them by + - x / sqrt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

SHAPE_COLUMNS = ("perimeter", "major_axis", "minor_axis", "eccentricity", "extent", "isoperimetric_ratio")

# Jacobi's method squares its error from sweep to sweep: a 3 x 3 matrix is diagonal to rounding after five.
_SWEEPS = 6


@kernel
def shapes(index: NDArray[np.int32], area: NDArray[np.int64], axes: int) -> NDArray[np.float64]:
    """Return the numbers that `SHAPE_COLUMNS` names for each region, shape (N, 6).

    Parameters
    ----------
    index : ndarray of int32, shape (z, y, x)
        The region of each pixel, counted from 0; -1 is none. Each region is whole.
    area : ndarray of int64, shape (N,)
        The regions' pixels, at least one each.
    axes : int
        2 for the regions of an image, whose one section has no faces above and below; 3 for those of a volume.

    Notes
    -----
    The perimeter counts pixel faces to other regions and to the outside of the image. The axes are those of the
    ellipse or ellipsoid with the same second moments, ``2 sqrt((axes + 2) variance)``, and the eccentricity is
    ``sqrt(1 - least / greatest variance)``. The extent is the share of the bounding box. The isoperimetric ratio,
    ``(2 axes)^axes area^(axes - 1) / perimeter^axes``, is 1 for squares and cubes.
    """
    sums, extremes = _sums_from_first_pixel(index, area.size)
    faces = _faces(index, area.size, axes)
    result = np.empty((area.size, 6), np.float64)
    for region in range(area.size):
        least, greatest = _extreme_variances(sums[region], area[region], axes)
        perimeter, pixels = np.float64(faces[region]), np.float64(area[region])
        result[region, 0] = perimeter
        result[region, 1] = 2.0 * np.sqrt((axes + 2) * greatest)
        result[region, 2] = 2.0 * np.sqrt((axes + 2) * least)
        result[region, 3] = np.sqrt(1.0 - least / greatest) if greatest > 0.0 else 0.0
        sides = extremes[region, 1] - extremes[region, 0] + 1
        result[region, 4] = pixels / np.float64(sides[0] * sides[1] * sides[2])
        ratio = 2 * axes / perimeter
        for _ in range(axes - 1):
            ratio *= 2 * axes * pixels / perimeter
        result[region, 5] = ratio
    return result


@kernel
def _sums_from_first_pixel(index, number):
    """Return each region's sums of offsets (z, y, x) from its first pixel and of their products, and their extremes."""
    first = np.full((number, 3), -1, np.int64)
    sums = np.zeros((number, 9), np.int64)
    extremes = np.zeros((number, 2, 3), np.int64)
    for z in range(index.shape[0]):
        for y in range(index.shape[1]):
            row = index[z, y]
            start = 0
            while start < row.size:
                region, end = row[start], start + 1
                while end < row.size and row[end] == region:
                    end += 1
                if region >= 0:
                    if first[region, 0] < 0:
                        first[region, 0], first[region, 1], first[region, 2] = z, y, start
                    dz, dy = z - first[region, 0], y - first[region, 1]
                    _add_run(sums[region], extremes[region], dz, dy, start - first[region, 2], end - first[region, 2])
                start = end
    return sums, extremes


@kernel
def _add_run(sums, extremes, dz, dy, start, end):
    """Add the pixels `start..end - 1` of a row: all of them at once, by the sums of k and of k^2."""
    length = end - start
    along = (end * (end - 1) - start * (start - 1)) // 2
    squares = (end * (end - 1) * (2 * end - 1) - start * (start - 1) * (2 * start - 1)) // 6
    sums[0] += length * dz
    sums[1] += length * dy
    sums[2] += along
    sums[3] += length * dz * dz
    sums[4] += length * dz * dy
    sums[5] += along * dz
    sums[6] += length * dy * dy
    sums[7] += along * dy
    sums[8] += squares
    extremes[1, 0] = max(extremes[1, 0], dz)  # the first pixel in raster order has the lowest z
    extremes[0, 1] = min(extremes[0, 1], dy)
    extremes[1, 1] = max(extremes[1, 1], dy)
    extremes[0, 2] = min(extremes[0, 2], start)
    extremes[1, 2] = max(extremes[1, 2], end - 1)


@kernel
def _faces(index, number, axes):
    """Return each region's pixel faces to anything else, the outside of the array included."""
    faces = np.zeros(number, np.int64)
    depth, height, width = index.shape
    for z in range(depth):
        for y in range(height):
            row = index[z, y]
            above, below = index[z, max(y - 1, 0)], index[z, min(y + 1, height - 1)]
            before, behind = index[max(z - 1, 0), y], index[min(z + 1, depth - 1), y]
            outside = (y == 0) + (y == height - 1)
            if axes == 3:
                outside += (z == 0) + (z == depth - 1)
            start = 0
            while start < width:
                region, end = row[start], start + 1
                while end < width and row[end] == region:
                    end += 1
                if region >= 0:
                    found = 2 + outside * (end - start)
                    for x in range(start, end):
                        found += (above[x] != region) + (below[x] != region)
                    if axes == 3:
                        for x in range(start, end):
                            found += (before[x] != region) + (behind[x] != region)
                    faces[region] += found
                start = end
    return faces


@kernel
def _extreme_variances(sums, area, axes):
    """Return the least and the greatest variance of a region's pixels along its principal axes."""
    mean = sums[:3] / area
    covariance = np.empty((3, 3), np.float64)
    entry = 3
    for i in range(3):
        for j in range(i, 3):
            covariance[i, j] = covariance[j, i] = sums[entry] / area - mean[i] * mean[j]
            entry += 1
    _diagonalise(covariance)
    least = greatest = max(covariance[2, 2], 0.0)
    for i in range(3 - axes, 2):
        least, greatest = min(least, max(covariance[i, i], 0.0)), max(greatest, covariance[i, i])
    return least, greatest


@kernel
def _diagonalise(matrix):
    """Rotate a symmetric 3 x 3 matrix, in place, until only its diagonal is left (Jacobi 1846)."""
    for _ in range(_SWEEPS):
        for p, q in ((1, 2), (0, 1), (0, 2)):
            if matrix[p, q] == 0.0:
                continue
            angle = (matrix[q, q] - matrix[p, p]) / (2.0 * matrix[p, q])
            tangent = 1.0 / (abs(angle) + np.sqrt(angle * angle + 1.0))
            tangent = tangent if angle >= 0.0 else -tangent
            cosine = 1.0 / np.sqrt(tangent * tangent + 1.0)
            sine = tangent * cosine
            matrix[p, p] -= tangent * matrix[p, q]
            matrix[q, q] += tangent * matrix[p, q]
            matrix[p, q] = matrix[q, p] = 0.0
            r = 3 - p - q
            low, high = matrix[r, p], matrix[r, q]
            matrix[r, p] = matrix[p, r] = cosine * low - sine * high
            matrix[r, q] = matrix[q, r] = sine * low + cosine * high
