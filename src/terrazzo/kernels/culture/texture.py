"""Cellular texture: sites hashed from coordinates, and the two sites nearest to every pixel of a run.

Source: S. Worley, A cellular texture basis function, SIGGRAPH 1996; with a metric for every site, as in
F. Labelle and J. Shewchuk, Anisotropic Voronoi diagrams and guaranteed-quality anisotropic mesh generation,
SoCG 2003.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.culture.noise import Window, gradient_noise, hash_at, squares, stream, unit
from terrazzo.kernels.jit import kernel

_FAR = 1e30
_STEPS, _NUMBERS = 1024.0, 32.0


class Sites(NamedTuple):
    """One site in each of some squares of side `pitch`; the first square is (row, column).

    A pixel's nearest sites are sought in the `span` squares of its group, which starts at a multiple of
    `span`, and `reach` squares around them: 32 squares at most. `y`, `x`, `words` (64 random bits) and `axes`
    (direction of the long axis, y and x) have a row for each row of squares. The square of a distance counts
    `stretch` times less along the axis than it is, and as many times more across it.
    """

    pitch: int
    reach: int
    span: int
    row: int
    column: int
    stretch: float
    y: NDArray[np.float64]
    x: NDArray[np.float64]
    words: NDArray[np.uint64]
    axes: NDArray[np.float64]


class Nearest(NamedTuple):
    """For each pixel of a row, the keys of its nearest and of its second nearest site."""

    first: NDArray[np.float64]
    second: NDArray[np.float64]


@kernel
def sites_around(window: Window, pitch: int, reach: int, span: int, stretch: float, seed: np.uint64) -> Sites:
    """Return the sites that `find_nearest` needs inside a window, with axes along x."""
    row, rows = squares(window.y, window.height, pitch, reach)
    column, columns = squares(window.x, window.width, pitch, reach + span - 1)
    y, x = np.empty((rows, columns)), np.empty((rows, columns))
    words = np.empty((rows, columns), np.uint64)
    axes = np.zeros((rows, columns, 2))
    for j in range(rows):
        for i in range(columns):
            axes[j, i, 1] = 1.0
            words[j, i] = hash_at(row + j, column + i, seed)
            y[j, i] = (row + j + 0.1 + 0.8 * unit(words[j, i], 0)) * pitch
            x[j, i] = (column + i + 0.1 + 0.8 * unit(words[j, i], 1)) * pitch
    return Sites(pitch, reach, span, row, column, stretch, y, x, words, axes)


@kernel
def align(sites: Sites, scale: int, seed: np.uint64) -> None:
    """Turn the axes of the sites into a field of directions that varies over about `scale` pixels."""
    for j in range(sites.y.shape[0]):
        for i in range(sites.y.shape[1]):
            y, x = int(np.floor(sites.y[j, i])), int(np.floor(sites.x[j, i]))
            u = gradient_noise(y, x, scale, seed)
            v = gradient_noise(y, x, scale, stream(seed, 1))
            length = np.sqrt(u * u + v * v)
            if length > 0.0:
                sites.axes[j, i, 0], sites.axes[j, i, 1] = u / length, v / length


@kernel
def blank_row(width: int) -> Nearest:
    """Return room for the answers of `find_nearest` on a row of `width` pixels."""
    return Nearest(np.empty(width), np.empty(width))


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

    A key is a whole number: 32 times the squared distance in steps of 1/1024 pixel squared, plus the number
    of the site among those within reach. So the two least keys are found without a branch, and ties go to the
    site that comes first in raster order.

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
        group = (x0 + start) // (sites.pitch * sites.span)
        stop = min(needed.size, (group + 1) * sites.pitch * sites.span - x0)
        if _any(needed[start:stop]):
            j, i = row - sites.row - sites.reach, group * sites.span - sites.column - sites.reach
            _search(j, i, y[start:stop], x[start:stop], sites, found.first[start:stop], found.second[start:stop])
        start = stop


@kernel
def distance(key: float) -> float:
    """Return the distance in a key, in pixels."""
    return float(np.sqrt(np.floor(key / _NUMBERS) / _STEPS))


@kernel
def place(key: float, y: int, x: int, sites: Sites) -> tuple[int, int]:
    """Return row and column, in the table of sites, of the site in the key of the pixel (y, x)."""
    number = int(key - np.floor(key / _NUMBERS) * _NUMBERS)
    side = 2 * sites.reach + sites.span
    row, group = y // sites.pitch, x // (sites.pitch * sites.span)
    column = group * sites.span + number % side
    return row - sites.row - sites.reach + number // side, column - sites.column - sites.reach


@kernel
def _any(flags: NDArray[np.bool_]) -> bool:
    return bool(flags.any())


@kernel
def _search(
    row: int,
    column: int,
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    sites: Sites,
    first: NDArray[np.float64],
    second: NDArray[np.float64],
) -> None:
    first[:] = second[:] = _FAR
    number = 0.0
    for j in range(row, row + 2 * sites.reach + 1):
        for i in range(column, column + 2 * sites.reach + sites.span):
            form = sites.y[j, i], sites.x[j, i], sites.axes[j, i, 0], sites.axes[j, i, 1], sites.stretch
            _admit(number, form, y, x, first, second)
            number += 1.0


@kernel
def _admit(
    number: float,
    form: tuple[float, float, float, float, float],
    y: NDArray[np.float64],
    x: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
) -> None:
    at_y, at_x, axis_y, axis_x, stretch = form
    shrink = _STEPS / stretch
    stretch = _STEPS * stretch
    for k in range(y.size):
        dy, dx = y[k] - at_y, x[k] - at_x
        along, across = dy * axis_y + dx * axis_x, dy * axis_x - dx * axis_y
        key = np.floor(along * along * shrink + across * across * stretch) * _NUMBERS + number
        old = first[k]
        later = key if key > old else old
        first[k] = key if key < old else old
        second[k] = later if later < second[k] else second[k]
