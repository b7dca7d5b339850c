"""Means and standard deviations of filter responses over regions, summed run by run in raster order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

Values = tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of pixels of one region along the rows of an image, found once for all responses.

    Parameters
    ----------
    box : tuple of slice
        The pixels (z, y, x) of the image in which there are regions.
    first : ndarray of int64, shape (z * y + 1,)
        The first run of each row of the box, and after the last.
    begin, end : ndarray of int32, shape (R,)
        The first pixel of each run and the one after the last, along x in the image.
    region : ndarray of int32, shape (R,)
    """

    box: tuple[slice, slice, slice]
    first: NDArray[np.int64]
    begin: NDArray[np.int32]
    end: NDArray[np.int32]
    region: NDArray[np.int32]

    @classmethod
    def of(cls, index: NDArray[np.int32], start: tuple[int, ...] = (0, 0, 0)) -> Runs:
        """Find them.

        Parameters
        ----------
        index : ndarray of int32, shape (z, y, x)
            The region of each pixel, counted from 0; -1 is none.
        start : tuple of int
            The pixel of the image at which it begins.
        """
        # copied where it is cut out of a larger one, for which the kernels would be compiled again
        rows = np.ascontiguousarray(index).reshape(-1, index.shape[2])
        first = _firsts(rows)
        begin, end, region = (np.empty(first[-1], np.int32) for _ in range(3))
        _fill(rows, start[2], begin, end, region)
        z, y, x = (slice(at, at + n) for at, n in zip(start, index.shape, strict=True))
        return cls((z, y, x), first, begin, end, region)

    def add(self, values: Values, place: tuple[int, int, int, int], sums: NDArray[np.float64]) -> None:
        """Add filter responses on some rows of a section, and their squares, to the sums of the regions.

        Each region is summed in raster order, so a section's rows are to be given from the first to the last.

        Parameters
        ----------
        values : tuple of ndarray of float32, shape (rows, x)
            One response, or an even number of them. They are summed side by side, because each sum waits for the one
            before it.
        place : tuple of int
            Their level of the pyramid, each pixel of which covers `2**level` pixels along y and x; their section of the
            image; and at which row and column of the level they begin.
        sums : ndarray of float64, shape (N, C, 2)
            Of each region, of each response and of its squares.
        """
        level, z, top, left = place
        sections, rows, _ = self.box
        low, high = max(rows.start, top << level), min(rows.stop, (top + len(values[0])) << level)
        if low >= high or not sections.start <= z < sections.stop:
            return
        row = (z - sections.start) * (rows.stop - rows.start) + low - rows.start
        first = self.first[row : row + high - low + 1]
        runs, at = (first, self.begin, self.end, self.region), (level, low - (top << level), left)
        if len(values) == 6:
            _add_six(values, at, runs, sums)
        elif len(values) == 1:
            _add_one(values[0], at, runs, sums)
        else:
            for column in range(0, len(values), 2):
                _add_two(values[column], values[column + 1], column, at, runs, sums)


def means_and_stds(sums: NDArray[np.float64], area: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the mean and the standard deviation of each of C responses over each region, shape (N, 2 C).

    Parameters
    ----------
    sums : ndarray of float64, shape (N, C, 2)
        The sums of each response over each region, and of its squares.
    area : ndarray of int64, shape (N,)
        The regions' pixels.
    """
    mean = sums[..., 0] / area[:, None]
    variance = sums[..., 1] / area[:, None] - mean * mean
    both = np.stack([mean, np.sqrt(np.maximum(variance, 0.0))], axis=-1)
    return cast("NDArray[np.float32]", both.reshape(len(sums), 2 * sums.shape[1]).astype(np.float32))


@kernel
def _firsts(index):
    first = np.zeros(index.shape[0] + 1, np.int64)
    for y in range(index.shape[0]):
        here, before, after = index[y], index[y, :-1], index[y, 1:]
        count = np.int64(here.size > 0 and here[0] >= 0)
        for x in range(after.size):
            count += np.int64((after[x] != before[x]) & (after[x] >= 0))
        first[y + 1] = first[y] + count
    return first


@kernel
def _fill(index, left, begin, end, region):
    run, width = 0, index.shape[1]
    for y in range(index.shape[0]):
        row, x = index[y], 0
        while x < width:
            start, here = x, row[x]
            while x < width and row[x] == here:
                x += 1
            if here >= 0:
                begin[run], end[run], region[run] = left + start, left + x, here
                run += 1


# Places are numbers without sign below, because else a negative one would count from the end, which is asked of each
# pixel. All sums of a run are local, so that they stay in registers.


@kernel
def _add_one(values, at, runs, sums):
    level, offset, left = np.uint64(at[0]), at[1], at[2] << at[0]
    first, begin, end, region = runs
    for y in range(first.size - 1):
        a = values[(offset + y) >> at[0]]
        for run in range(first[y], first[y + 1]):
            here = region[run]
            total, squares = sums[here, 0, 0], sums[here, 0, 1]
            for x in range(np.uint64(begin[run] - left), np.uint64(end[run] - left)):
                value = np.float64(a[x >> level])
                total += value
                squares += value * value
            sums[here, 0, 0], sums[here, 0, 1] = total, squares


@kernel
def _add_two(values, others, column, at, runs, sums):
    level, offset, left = np.uint64(at[0]), at[1], at[2] << at[0]
    first, begin, end, region = runs
    for y in range(first.size - 1):
        row = (offset + y) >> at[0]
        a, b = values[row], others[row]
        for run in range(first[y], first[y + 1]):
            s, other = sums[region[run], column], sums[region[run], column + 1]
            a1, a2, b1, b2 = s[0], s[1], other[0], other[1]
            for x in range(np.uint64(begin[run] - left), np.uint64(end[run] - left)):
                place = x >> level
                u, v = np.float64(a[place]), np.float64(b[place])
                a1, a2 = a1 + u, a2 + u * u
                b1, b2 = b1 + v, b2 + v * v
            s[0], s[1], other[0], other[1] = a1, a2, b1, b2


@kernel
def _add_six(values, at, runs, sums):
    level, offset, left = np.uint64(at[0]), at[1], at[2] << at[0]
    first, begin, end, region = runs
    for y in range(first.size - 1):
        row = (offset + y) >> at[0]
        a, b, c, d, e, f = (
            values[0][row],
            values[1][row],
            values[2][row],
            values[3][row],
            values[4][row],
            values[5][row],
        )
        for run in range(first[y], first[y + 1]):
            s = sums[region[run]]
            a1, a2, b1, b2, c1, c2 = s[0, 0], s[0, 1], s[1, 0], s[1, 1], s[2, 0], s[2, 1]
            d1, d2, e1, e2, f1, f2 = s[3, 0], s[3, 1], s[4, 0], s[4, 1], s[5, 0], s[5, 1]
            for x in range(np.uint64(begin[run] - left), np.uint64(end[run] - left)):
                place = x >> level
                u, v, w = np.float64(a[place]), np.float64(b[place]), np.float64(c[place])
                a1, a2, b1, b2, c1, c2 = a1 + u, a2 + u * u, b1 + v, b2 + v * v, c1 + w, c2 + w * w
                u, v, w = np.float64(d[place]), np.float64(e[place]), np.float64(f[place])
                d1, d2, e1, e2, f1, f2 = d1 + u, d2 + u * u, e1 + v, e2 + v * v, f1 + w, f2 + w * w
            s[0, 0], s[0, 1], s[1, 0], s[1, 1], s[2, 0], s[2, 1] = a1, a2, b1, b2, c1, c2
            s[3, 0], s[3, 1], s[4, 0], s[4, 1], s[5, 0], s[5, 1] = d1, d2, e1, e2, f1, f2
