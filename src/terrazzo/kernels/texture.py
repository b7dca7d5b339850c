"""Cellular texture: sites hashed from coordinates, and the two sites nearest to every pixel of a run.

Source: S. Worley, A cellular texture basis function, SIGGRAPH 1996; with a metric of its own for every site, as in
F. Labelle and J. Shewchuk, Anisotropic Voronoi diagrams and guaranteed-quality anisotropic mesh generation, SoCG 2003.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel
from terrazzo.kernels.noise import gradient_noise, hash_at, stream, unit

FAR = 1e30


class Sites(NamedTuple):
    """One site in each of some squares of side `pitch`; the first square is (row, column).

    `y`, `x`, `words` (64 random bits) and `axes` (direction of the long axis, y and x) have a row for each row of
    squares. A distance counts `stretch` times less along the axis than across it.
    """

    pitch: int
    reach: int
    row: int
    column: int
    stretch: float
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    words: NDArray[np.uint64]
    axes: NDArray[np.float64]


class Nearest(NamedTuple):
    """For each pixel of a run: its squared distances to the nearest and the second site, and which they are.

    A site is told by its place in the flattened table of sites.
    """

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    site: NDArray[np.int64]
    other: NDArray[np.int64]


@kernel
def squares(start: int, length: int, pitch: int, reach: int) -> tuple[int, int]:
    """Return the first and the number of the squares that a run touches, `reach` more on either side included."""
    first = start // pitch - reach
    return first, (start + length - 1) // pitch + reach + 1 - first


@kernel
def sites_around(
    y0: int, x0: int, height: int, width: int, pitch: int, reach: int, stretch: float, seed: np.uint64
) -> Sites:
    """Return the sites of all squares within `reach` squares of a window, with axes along (0, 1)."""
    row, rows = squares(y0, height, pitch, reach)
    column, columns = squares(x0, width, pitch, reach)
    y, x = np.empty((rows, columns)), np.empty((rows, columns))
    words = np.empty((rows, columns), np.uint64)
    axes = np.zeros((rows, columns, 2))
    axes[:, :, 1] = 1.0
    for j in range(rows):
        for i in range(columns):
            words[j, i] = hash_at(row + j, column + i, seed)
            y[j, i] = (row + j + 0.1 + 0.8 * unit(words[j, i], 0)) * pitch
            x[j, i] = (column + i + 0.1 + 0.8 * unit(words[j, i], 1)) * pitch
    return Sites(pitch, reach, row, column, stretch, y, x, words, axes)


@kernel
def align(sites: Sites, scale: int, seed: np.uint64) -> None:
    """Turn the axes of the sites into a field of directions that varies over about `scale` pixels."""
    for j in range(sites.y.shape[0]):
        for i in range(sites.y.shape[1]):
            y, x = np.int64(np.floor(sites.y[j, i])), np.int64(np.floor(sites.x[j, i]))
            u = gradient_noise(y, x, scale, seed)
            v = gradient_noise(y, x, scale, stream(seed, 1))
            length = np.sqrt(u * u + v * v)
            if length > 0.0:
                sites.axes[j, i, 0], sites.axes[j, i, 1] = u / length, v / length


@kernel
def blank_row(width: int) -> Nearest:
    """Return room for the answers of `find_nearest` on a row of `width` pixels."""
    return Nearest(np.empty(width), np.empty(width), np.empty(width, np.int64), np.empty(width, np.int64))


@kernel
def find_nearest(
    row: int,
    x0: int,
    needed: NDArray[np.bool_],
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    sites: Sites,
    found: Nearest,
) -> None:
    """Find the two nearest sites of the pixels of a row, among the squares within reach of each pixel's own.

    Ties go to the site that comes first in raster order.

    Parameters
    ----------
    row, x0
        Row of squares that the pixels lie in, and column of the first pixel.
    needed
        Pixels that need an answer; others may be left with any.
    y, x
        Where the distances are measured from: the pixels' own places, or places a few pixels off.
    sites
        Sites around the row.
    found
        Is filled.
    """
    start = 0
    while start < needed.size:
        column = (x0 + start) // sites.pitch
        stop = min(needed.size, (column + 1) * sites.pitch - x0)
        if _any(needed, start, stop):
            found.first[start:stop] = FAR
            found.second[start:stop] = FAR
            for j in range(row - sites.row - sites.reach, row - sites.row + sites.reach + 1):
                for i in range(column - sites.column - sites.reach, column - sites.column + sites.reach + 1):
                    _admit(start, stop, y, x, sites, j, i, found)
        start = stop


@kernel
def _any(flags: NDArray[np.bool_], start: int, stop: int) -> bool:
    for i in range(start, stop):
        if flags[i]:
            return True
    return False


@kernel
def _admit(
    start: int,
    stop: int,
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    sites: Sites,
    j: int,
    i: int,
    found: Nearest,
) -> None:
    candidate = j * sites.y.shape[1] + i
    at_y, at_x, axis_y, axis_x = sites.y[j, i], sites.x[j, i], sites.axes[j, i, 0], sites.axes[j, i, 1]
    long, short = 1.0 / sites.stretch, sites.stretch
    first, second, site, other = found
    for k in range(start, stop):
        dy, dx = y[k] - at_y, x[k] - at_x
        along, across = dy * axis_y + dx * axis_x, dy * axis_x - dx * axis_y
        square = along * along * long + across * across * short
        old_first, old_site, old_second, old_other = first[k], site[k], second[k], other[k]
        nearest, near = square < old_first, square < old_second
        first[k] = square if nearest else old_first
        site[k] = candidate if nearest else old_site
        second[k] = old_first if nearest else (square if near else old_second)
        other[k] = old_site if nearest else (candidate if near else old_other)
