"""What texture has a region? Patterns of neighbours, coherence of gradients, differences at a distance.

All of them look at each section of a volume alone, and at its borders mirror the image as `filters` does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

PATTERNS = 10


def _pattern_of_code() -> NDArray[np.int64]:
    """Return the class of each code of eight neighbours: its ones if they stand in one run, else 9."""
    codes = np.arange(256)[:, None] >> np.arange(8) & 1
    turns = (codes != np.roll(codes, 1, axis=1)).sum(axis=1)
    return np.where(turns <= 2, codes.sum(axis=1), 9)


_PATTERN = _pattern_of_code()


@kernel
def local_binary_patterns(
    image: NDArray[np.float32], index: NDArray[np.int32], area: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the share of each region's pixels with each uniform local binary pattern, shape (N, 10).

    Parameters
    ----------
    image : ndarray of float32, shape (z, y, x)
        Intensities.
    index : ndarray of int32, shape (z, y, x)
        The region of each pixel, counted from 0; -1 is none.
    area : ndarray of int64, shape (N,)
        The regions' pixels.

    Notes
    -----
    A neighbour is 1 where it is at least as bright as the pixel. Columns 0 to 8 count the ones among the eight
    neighbours where they stand in one run around the pixel; column 9 is all else (Ojala, Pietikäinen, Mäenpää
    2002, riu2, with the neighbours on the pixel grid).
    """
    counts = np.zeros((area.size, PATTERNS), np.int64)
    depth, height, width = index.shape
    for z in range(depth):
        for y in range(height):
            above, here, below = image[z, max(y - 1, 0)], image[z, y], image[z, min(y + 1, height - 1)]
            for x in range(width):
                region = index[z, y, x]
                if region < 0:
                    continue
                left, right, centre = max(x - 1, 0), min(x + 1, width - 1), here[x]
                code = (
                    (above[left] >= centre)
                    | (above[x] >= centre) << 1
                    | (above[right] >= centre) << 2
                    | (here[right] >= centre) << 3
                    | (below[right] >= centre) << 4
                    | (below[x] >= centre) << 5
                    | (below[left] >= centre) << 6
                    | (here[left] >= centre) << 7
                )
                counts[region, _PATTERN[code]] += 1
    return (counts / area.reshape(-1, 1)).astype(np.float32)


@kernel
def coherence(image: NDArray[np.float32], index: NDArray[np.int32], number: int) -> NDArray[np.float32]:
    """Return how far the gradients in each region share one orientation, 0 to 1, shape (N,).

    Of the structure tensor summed over the region (Bigün and Granlund 1987), ``(l1 - l2) / (l1 + l2)``; 0 where the
    image is flat.

    Parameters
    ----------
    image : ndarray of float32, shape (z, y, x)
        Smoothed intensities.
    index : ndarray of int32, shape (z, y, x)
        The region of each pixel, counted from 0; -1 is none.
    number : int
        The number of regions, N.
    """
    tensor = np.zeros((number, 3), np.float64)
    depth, height, width = index.shape
    for z in range(depth):
        for y in range(height):
            above, here, below = image[z, max(y - 1, 0)], image[z, y], image[z, min(y + 1, height - 1)]
            for x in range(width):
                region = index[z, y, x]
                if region >= 0:
                    dy = np.float64(below[x]) - np.float64(above[x])
                    dx = np.float64(here[min(x + 1, width - 1)]) - np.float64(here[max(x - 1, 0)])
                    tensor[region, 0] += dy * dy
                    tensor[region, 1] += dx * dx
                    tensor[region, 2] += dy * dx
    result = np.zeros(number, np.float32)
    for region in range(number):
        yy, xx, yx = tensor[region]
        if yy + xx > 0.0:
            result[region] = np.sqrt((yy - xx) * (yy - xx) + 4.0 * yx * yx) / (yy + xx)
    return result


def contrast(
    image: NDArray[np.float32], index: NDArray[np.int32], area: NDArray[np.int64], distance: int
) -> NDArray[np.float32]:
    """Return the mean absolute difference of each region's pixels to the four at `distance` pixels, shape (N,).

    Parameters
    ----------
    image, index, area
        As for `local_binary_patterns`.
    distance : int
        In pixels along y and x.
    """
    around = (distance, distance)
    return (
        _differences(np.pad(image, ((0, 0), around, around), "symmetric"), index, area.size, distance) / area
    ).astype(np.float32)


@kernel
def _differences(padded, index, number, distance):
    """Return each region's sum, in raster order, of the mean of four differences."""
    sums = np.zeros(number, np.float64)
    depth, height, width = index.shape
    for z in range(depth):
        for y in range(height):
            above, here, below = padded[z, y], padded[z, y + distance], padded[z, y + 2 * distance]
            for x in range(width):
                region = index[z, y, x]
                if region >= 0:
                    centre = np.float64(here[x + distance])
                    along_y = abs(above[x + distance] - centre) + abs(below[x + distance] - centre)
                    along_x = abs(here[x] - centre) + abs(here[x + 2 * distance] - centre)
                    sums[region] += 0.25 * (along_y + along_x)
    return sums
