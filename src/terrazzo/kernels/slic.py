"""Lattice SLIC: simple linear iterative clustering in which a pixel may join one of the 2 x 2 nearest cells only.

Source of the method: Achanta et al. 2012 (SLIC superpixels), with seeds that stand on a lattice of cells and
centres that are stored relative to their own cell, so that a block gives the same bits wherever it is cut.

A pixel in the first half of a cell may join that cell or the one before it, a pixel in the second half that cell
or the one after it. It stores a code (0..3: which of the four), not a label. An array starts at a cell's first
pixel; cells are counted from there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

CHAOS = np.float32(1e4)


def slic(
    image: NDArray[np.float32],
    size: tuple[int, int],
    compactness: float,
    iterations: int,
    kept: tuple[int, int, int, int],
    chaotic: bool = False,
) -> NDArray[np.int32]:
    """Return the cell that each pixel joins, before connectivity.

    Parameters
    ----------
    image : ndarray of float32, shape (c, y, x)
        Intensities divided by their scale, smoothed; it starts at a cell's first pixel.
    size : tuple of int
        The lattice's spacing `(y, x)` in pixels.
    compactness : float
        The weight of a distance of one `size` against an intensity difference of one scale.
    iterations : int
        The number of assignments after the first, in which each pixel belongs to its own cell.
    kept : tuple of int
        `(y0, y1, x0, x1)`: the cells for whose pixels connected labels are wanted. What is farther away is only
        computed as long as these depend on it.
    chaotic : bool
        Replace each distance d by frac(1e4 d): the same data flow, in which no error ever fades. For tests.

    Returns
    -------
    ndarray of int32, shape (y, x)
        Raster indices of cells in this array's own lattice.
    """
    height, width = image.shape[1:]
    rows, columns = -(-height // size[0]), -(-width // size[1])
    base_y, base_x = (first_candidates(n, s).astype(np.int32) for n, s in zip((height, width), size, strict=True))
    weight_y, weight_x = (np.float32(compactness * compactness / (s * s)) for s in size)
    own_y = (np.arange(height) // size[0] - base_y).astype(np.uint8)
    own_x = (np.arange(width) // size[1] - base_x).astype(np.uint8)
    codes = own_y[:, None] * np.uint8(2) + own_x
    centres = np.empty((image.shape[0] + 2, rows * columns), np.float32)
    for iteration in range(1, iterations + 1):
        before = _reach(kept, iterations - iteration + 1, size, (height, width))
        here = _reach(kept, iterations - iteration, size, (height, width))
        source = before if iteration > 1 else (0, height, 0, width)
        _update_centres(image, codes, base_y, base_x, size, columns, source, centres)
        _assign(image, codes, base_y, base_x, size, (rows, columns), here, centres, weight_y, weight_x, chaotic)
    return _cells(codes, base_y, base_x, columns)


def first_candidates(extent: int, size: int, start: int = 0) -> NDArray[np.int64]:
    """Return for each of `extent` pixels from `start` the first of the two cells it may join; -1 lies outside."""
    pixel = np.arange(start, start + extent, dtype=np.int64)
    cell = pixel // size
    first_half = 2 * (pixel - cell * size) + 1 < size
    return cell - first_half


def _reach(
    kept: tuple[int, int, int, int], left: int, size: tuple[int, int], extent: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return the pixels whose label still matters when `left` iterations are left: half cells, clipped."""
    y0, y1 = (kept[0] - 2 - left) * size[0] + size[0] // 2, (kept[1] + 1 + left) * size[0] + size[0] // 2
    x0, x1 = (kept[2] - 2 - left) * size[1] + size[1] // 2, (kept[3] + 1 + left) * size[1] + size[1] // 2
    return max(0, y0), min(extent[0], y1), max(0, x0), min(extent[1], x1)


@kernel
def _cells(codes, base_y, base_x, columns):
    height, width = codes.shape
    cells = np.empty((height, width), np.int32)
    for y in range(height):
        for x in range(width):
            code = np.int32(codes[y, x])
            cells[y, x] = (base_y[y] + (code >> 1)) * columns + base_x[x] + (code & 1)
    return cells


@kernel
def _update_centres(image, codes, base_y, base_x, size, columns, box, centres):
    """Set each centre to the mean of its pixels, summed in raster order; a centre without pixels is NaN."""
    channels = image.shape[0]
    y0, y1, x0, x1 = box
    sums = np.zeros((channels, centres.shape[1]), np.float64)
    offsets = np.zeros((3, centres.shape[1]), np.int64)
    cells = np.empty(x1 - x0, np.int32)
    for y in range(y0, y1):
        for x in range(x0, x1):
            code = np.int32(codes[y, x])
            cells[x - x0] = (base_y[y] + (code >> 1)) * columns + base_x[x] + (code & 1)
        _add_offsets(cells, y, x0, size, columns, offsets)
        for channel in range(channels):
            _add_row(cells, image[channel, y, x0:x1], sums[channel])
    for cell in range(centres.shape[1]):
        count = offsets[0, cell]
        for channel in range(channels):
            centres[channel, cell] = sums[channel, cell] / count if count else np.nan
        centres[channels, cell] = offsets[1, cell] / count if count else np.nan
        centres[channels + 1, cell] = offsets[2, cell] / count if count else np.nan


@kernel
def _add_offsets(cells, y, x0, size, columns, offsets):
    """Add a row's pixels, run by run, to each cell's count and offsets from the cell's first pixel."""
    start = 0
    for end in range(1, cells.size + 1):
        if end == cells.size or cells[end] != cells[start]:
            cell, length = cells[start], end - start
            row, column = cell // columns, cell % columns
            first = start + x0 - column * size[1]
            offsets[0, cell] += length
            offsets[1, cell] += length * (y - row * size[0])
            offsets[2, cell] += length * first + length * (length - 1) // 2
            start = end


@kernel
def _add_row(cells, values, sums):
    cell = cells[0]
    total = sums[cell]
    for x in range(cells.size):
        if cells[x] != cell:
            sums[cell] = total
            cell = cells[x]
            total = sums[cell]
        total += values[x]
    sums[cell] = total


@kernel
def _assign(image, codes, base_y, base_x, size, grid, box, centres, weight_y, weight_x, chaotic):
    """Give each pixel of the box to the nearest of its four candidates; ties go to the lowest id."""
    channels = image.shape[0]
    y0, y1, x0, x1 = box
    width = x1 - x0
    candidates = np.empty((4, channels + 2, width), np.float32)
    distance = np.empty(width, np.float32)
    best = np.empty(width, np.float32)
    for y in range(y0, y1):
        if y == y0 or base_y[y] != base_y[y - 1]:
            _lay_out(base_y[y], base_x, x0, size[1], grid, centres, weight_x, candidates)
        best[:] = np.inf
        row = codes[y, x0:x1]
        for code in range(4):
            of = candidates[code]
            offset = np.float32(y - (base_y[y] + (code >> 1)) * size[0])
            for x in range(width):
                dy = offset - of[channels, x]
                distance[x] = dy * dy * weight_y + of[channels + 1, x]
            for channel in range(channels):
                _add_squared_difference(image[channel, y, x0:x1], of[channel], distance)
            if chaotic:
                for x in range(width):
                    scaled = distance[x] * CHAOS
                    distance[x] = scaled - np.floor(scaled)
            _keep_nearer(distance, code, best, row)


@kernel
def _add_squared_difference(values, centre, distance):
    for x in range(values.size):
        difference = values[x] - centre[x]
        distance[x] += difference * difference


@kernel
def _keep_nearer(distance, code, best, codes):
    value = np.uint8(code)
    for x in range(best.size):
        nearer = distance[x] < best[x]  # false for NaN: a cell without pixels is never joined
        best[x] = distance[x] if nearer else best[x]
        codes[x] = value if nearer else codes[x]


@kernel
def _lay_out(first, base_x, x0, size_x, grid, centres, weight_x, candidates):
    """Write the candidates' centres, and the weighted squared distances along x, beside each pixel of a row."""
    rows, columns = grid
    channels = centres.shape[0] - 2
    for code in range(4):
        row = first + (code >> 1)
        for x in range(candidates.shape[2]):
            column = base_x[x + x0] + (code & 1)
            if row < 0 or row >= rows or column < 0 or column >= columns:
                candidates[code, :, x] = np.nan
                continue
            cell = row * columns + column
            for channel in range(channels + 1):
                candidates[code, channel, x] = centres[channel, cell]
            dx = np.float32(x + x0 - column * size_x) - centres[channels + 1, cell]
            candidates[code, channels + 1, x] = dx * dx * weight_x
