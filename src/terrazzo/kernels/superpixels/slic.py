"""Lattice SLIC: simple linear iterative clustering in which a pixel may join one of the 2 x 2 x 2 nearest cells only.

Source of the method: Achanta et al. 2012 (SLIC superpixels), with seeds that stand on a lattice of cells and
centres that are stored relative to their own cell, so that a block gives the same bits wherever it is cut.

A pixel in the first half of a cell may join that cell or the one before it, a pixel in the second half that cell
or the one after it, along each axis; where cells are one pixel deep it may join those of its own section alone. It
stores a code (0..7: which of the eight), not a label. An array starts at a cell's first pixel; cells are counted
from there. An image is a volume of depth 1: four of its eight candidates lie outside the lattice and cost nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

CHAOS = np.float32(1e4)
CANDIDATES = 8
MASKED = np.uint8(255)
NOWHERE = -2

Triple = tuple[int, int, int]
Spans = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


def slic(
    image: NDArray[np.float32],
    size: Triple,
    compactness: float,
    iterations: int,
    kept: Spans,
    mask: NDArray[np.bool_] | None = None,
    chaotic: bool = False,
) -> NDArray[np.int32]:
    """Return the cell that each pixel joins, before connectivity.

    Parameters
    ----------
    image : ndarray of float32, shape (c, z, y, x)
        Intensities divided by their scale, smoothed; it starts at a cell's first pixel.
    size : tuple of int
        The lattice's spacing `(z, y, x)` in pixels; it may be 1 along z.
    compactness : float
        The weight of a distance of one `size` against an intensity difference of one scale.
    iterations : int
        The number of assignments after the first, in which each pixel belongs to its own cell.
    kept : tuple of pairs of int
        First cell and end along each axis: for the pixels of these cells connected labels are wanted. What is
        farther away is only computed as long as these depend on it.
    mask : ndarray of bool, shape (z, y, x), optional
        False where a pixel joins no cell and counts for none.
    chaotic : bool
        Replace each distance d by frac(1e4 d): the same data flow, in which no error ever fades. For tests.

    Returns
    -------
    ndarray of int32, shape (z, y, x)
        Raster indices of cells in this array's own lattice; -1 is none.
    """
    extent = image.shape[1:]
    grid = tuple(-(-n // s) for n, s in zip(extent, size, strict=True))
    first = tuple(first_candidates(n, s).astype(np.int32) for n, s in zip(extent, size, strict=True))
    weights = tuple(np.float32(compactness * compactness / (s * s)) for s in size)
    masked = np.empty((0, 0, 0), np.bool_) if mask is None else ~mask
    codes = _own_cells(extent, size, first)
    if mask is not None:
        codes[masked] = MASKED
    centres = np.empty((image.shape[0] + 3, grid[0] * grid[1] * grid[2] + 1), np.float32)
    everywhere = tuple((0, n) for n in extent)
    for iteration in range(1, iterations + 1):
        source = _reach(kept, iterations - iteration + 1, size, extent) if iteration > 1 else everywhere
        here = _reach(kept, iterations - iteration, size, extent)
        _update_centres(image, codes, first, size, grid, source, centres)
        _assign(image, codes, masked, first, size, grid, here, centres, weights, chaotic)
    cells: NDArray[np.int32] = _cells(codes, first, grid)
    return cells


def first_candidates(extent: int, size: int, start: int = 0) -> NDArray[np.int64]:
    """Return for each of `extent` pixels from `start` the first of the two cells it may join; -1 lies outside."""
    pixel = np.arange(start, start + extent, dtype=np.int64)
    cell = pixel // size
    first_half = 2 * (pixel - cell * size) + 1 < size
    return cell - first_half


def _own_cells(extent: tuple[int, ...], size: Triple, first: tuple[NDArray[np.int32], ...]) -> NDArray[np.uint8]:
    """Return the code of each pixel's own cell."""
    z, y, x = ((np.arange(n) // s - base).astype(np.uint8) for n, s, base in zip(extent, size, first, strict=True))
    return z[:, None, None] * np.uint8(4) + y[:, None] * np.uint8(2) + x


def _reach(kept: Spans, left: int, size: Triple, extent: tuple[int, ...]) -> Spans:
    """Return the pixels whose label still matters when `left` iterations are left: half cells, clipped."""
    z, y, x = (
        (max(0, (start - 2 - left) * s + s // 2), min(n, (end + 1 + left) * s + s // 2))
        for (start, end), s, n in zip(kept, size, extent, strict=True)
    )
    return z, y, x


@kernel
def _cells(codes, first, grid):
    cells = np.empty(codes.shape, np.int32)
    for z in range(codes.shape[0]):
        for y in range(codes.shape[1]):
            _cells_of_row(codes[z, y], first[0][z] * grid[1] + first[1][y], first[2], grid, np.int32(-1), cells[z, y])
    return cells


@kernel
def _cells_of_row(codes, row, first_x, grid, none, cells):
    """Write the cell of each pixel of a row, or `none`; `row` counts the rows of cells up to the first candidate."""
    base, along_y, along_z = np.int32(row * grid[2]), np.int32(grid[2]), np.int32(grid[1] * grid[2])
    for x in range(cells.size):
        code = np.int32(codes[x])
        cell = base + (code >> 2) * along_z + ((code >> 1) & 1) * along_y + first_x[x] + (code & 1)
        cells[x] = cell if code < CANDIDATES else none


@kernel
def _update_centres(image, codes, first, size, grid, box, centres):
    """Set each centre to the mean of its pixels, summed in raster order; a centre without pixels is NaN.

    The last column takes the masked pixels, and is what lies outside the lattice.
    """
    channels, number = image.shape[0], centres.shape[1] - 1
    (z0, z1), (y0, y1), (x0, x1) = box
    sums = np.zeros((channels, number + 1), np.float64)
    offsets = np.zeros((4, number + 1), np.int64)
    cells = np.empty(x1 - x0, np.int32)
    starts = np.empty(x1 - x0 + 1, np.int32)
    for z in range(z0, z1):
        for y in range(y0, y1):
            row, here, first_x = first[0][z] * grid[1] + first[1][y], codes[z, y, x0:x1], first[2][x0:x1]
            _cells_of_row(here, row, first_x, grid, np.int32(number), cells)
            runs = _runs_of_row(cells, starts)
            from_z, from_y = z - first[0][z] * size[0], y - first[1][y] * size[1]
            _add_offsets(cells, starts, runs, here, from_z, from_y, x0, first_x, size, offsets)
            if channels == 3:
                red, green, blue = image[0, z, y, x0:x1], image[1, z, y, x0:x1], image[2, z, y, x0:x1]
                _add_three_rows(cells, starts, runs, red, green, blue, sums)
            else:
                for channel in range(channels):
                    _add_row(cells, starts, runs, image[channel, z, y, x0:x1], sums[channel])
    for cell in range(number):
        count = offsets[0, cell]
        for channel in range(channels):
            centres[channel, cell] = sums[channel, cell] / count if count else np.nan
        for axis in range(3):
            centres[channels + axis, cell] = offsets[1 + axis, cell] / count if count else np.nan
    centres[:, number] = np.nan


@kernel
def _runs_of_row(cells, starts):
    """Write where runs of equal cells start, and where the last one ends; return how many there are."""
    runs = 1
    starts[0] = 0
    for x in range(1, cells.size):
        starts[runs] = x
        runs += cells[x] != cells[x - 1]
    starts[runs] = cells.size
    return runs


@kernel
def _add_offsets(cells, starts, runs, codes, z, y, x0, first_x, size, offsets):
    """Add a row's pixels, run by run, to each cell's count and offsets from the cell's first pixel.

    `z` and `y` count from the first pixel of the row's first candidate.
    """
    for run in range(runs):
        start = starts[run]
        cell, code, length = cells[start], np.int64(codes[start]), starts[run + 1] - start
        offset = start + x0 - (first_x[start] + (code & 1)) * size[2]
        offsets[0, cell] += length
        offsets[1, cell] += length * (z - (code >> 2) * size[0])
        offsets[2, cell] += length * (y - ((code >> 1) & 1) * size[1])
        offsets[3, cell] += length * offset + length * (length - 1) // 2


@kernel
def _add_row(cells, starts, runs, values, sums):
    for run in range(runs):
        cell = cells[starts[run]]
        total = sums[cell]
        for x in range(starts[run], starts[run + 1]):
            total += values[x]
        sums[cell] = total


@kernel
def _add_three_rows(cells, starts, runs, red, green, blue, sums):
    """Add three channels at a time: a sum waits for its last term, and the others go on meanwhile."""
    for run in range(runs):
        cell = cells[starts[run]]
        r, g, b = sums[0, cell], sums[1, cell], sums[2, cell]
        for x in range(starts[run], starts[run + 1]):
            r += red[x]
            g += green[x]
            b += blue[x]
        sums[0, cell], sums[1, cell], sums[2, cell] = r, g, b


@kernel
def _assign(image, codes, masked, first, size, grid, box, centres, weights, chaotic):
    """Give each pixel of the box to the nearest of its eight candidates; ties go to the lowest id."""
    (z0, z1), (y0, y1), (x0, x1) = box
    channels, width = image.shape[0], x1 - x0
    candidates = np.empty((CANDIDATES, channels + 2, width), np.float32)
    distance, best = np.empty(width, np.float32), np.empty(width, np.float32)
    places, laid_out = np.empty(width, np.uint32), np.empty(CANDIDATES, np.int64)
    for z in range(z0, z1):
        laid_out[:] = NOWHERE
        for y in range(y0, y1):
            row = codes[z, y, x0:x1]
            best[:] = np.inf
            for code in range(CANDIDATES):
                cell_z, cell_y = first[0][z] + (code >> 2), first[1][y] + ((code >> 1) & 1)
                if size[0] == 1 and code >> 2:  # another section
                    break
                if cell_z < 0 or cell_z >= grid[0] or cell_y < 0 or cell_y >= grid[1]:
                    continue
                place = (code & 5) | (cell_y & 1) << 1  # a row of cells stays in its place while it is a candidate
                of = candidates[place]
                if laid_out[place] != cell_y:
                    laid_out[place] = cell_y
                    of_row = (cell_z * grid[1] + cell_y) * grid[2]
                    dz = np.float32(z - cell_z * size[0])
                    _find_places(of_row, code & 1, grid[2], centres.shape[1] - 1, first[2][x0:x1], places)
                    _lay_out(places, code & 1, dz, x0, size[2], first[2][x0:x1], centres, weights, of)
                _measure_space(np.float32(y - cell_y * size[1]), of[channels], of[channels + 1], weights[1], distance)
                for channel in range(channels):
                    _add_squared_difference(image[channel, z, y, x0:x1], of[channel], distance)
                if chaotic:
                    for x in range(width):
                        scaled = distance[x] * CHAOS
                        distance[x] = scaled - np.floor(scaled)
                _keep_nearer(distance, code, best, row)
            if masked.size:
                for x in range(width):
                    row[x] = MASKED if masked[z, y, x0 + x] else row[x]


@kernel
def _measure_space(offset_y, centre_y, from_z_and_x, weight_y, distance):
    for x in range(distance.size):
        dy = offset_y - centre_y[x]
        distance[x] = dy * dy * weight_y + from_z_and_x[x]


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
def _find_places(of_row, second, columns, none, first_x, places):
    """Write which column of the centres is one candidate of each pixel of a row; `none` outside the lattice."""
    for x in range(places.size):
        column = first_x[x] + second
        places[x] = of_row + column if 0 <= column < columns else none


@kernel
def _lay_out(places, second, dz, x0, size_x, first_x, centres, weights, candidate):
    """Write one candidate's centre beside each pixel of a row, and the weighted squared distance along z and x."""
    channels = centres.shape[0] - 3
    for channel in range(channels):
        _gather(centres[channel], places, candidate[channel])
    _gather(centres[channels + 1], places, candidate[channels])
    along_z, along_x, weight_z, weight_x = centres[channels], centres[channels + 2], weights[0], weights[2]
    spaced = candidate[channels + 1]
    for x in range(places.size):
        from_z = dz - along_z[places[x]]
        from_x = np.float32(x + x0 - (first_x[x] + second) * size_x) - along_x[places[x]]
        spaced[x] = from_x * from_x * weight_x + from_z * from_z * weight_z


@kernel
def _gather(values, places, found):
    for x in range(places.size):
        found[x] = values[places[x]]
