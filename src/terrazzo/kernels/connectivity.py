"""Connected superpixels, locally: keep each label's largest piece, let neighbours adopt the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel
from terrazzo.kernels.slic import first_candidates


def connect(cells: NDArray[np.int32], size: tuple[int, int]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the labels with every region in one 4-connected piece, as far as local adoption reaches.

    Of each label the largest piece is kept (ties: the first in raster order). The other pixels are adopted by
    kept neighbours in at most `min(size) // 2 - 1` synchronous sweeps; ties go to the lowest id, and only a label
    whose window holds the pixel may adopt it. What is left keeps its label.

    Parameters
    ----------
    cells : ndarray of int32, shape (y, x)
        Raster indices of cells, as `slic` returns them.
    size : tuple of int
        The lattice's spacing `(y, x)` in pixels.

    Returns
    -------
    labels : ndarray of int32, shape (y, x)
        Raster indices of cells.
    left : ndarray of int64
        Raster indices of the pixels that nobody could adopt.
    """
    height, width = cells.shape
    columns = -(-width // size[1])
    number = columns * -(-height // size[0])
    starts, firsts = _runs(cells)
    root = _join(cells, starts, firsts)
    labels = cells.copy()
    strays = _lift_strays(labels, starts, firsts, root, number)
    base_y, base_x = (first_candidates(n, s).astype(np.int32) for n, s in zip((height, width), size, strict=True))
    left = _adopt(labels, strays, base_y, base_x, columns, max(0, min(size) // 2 - 1))
    labels.ravel()[left] = cells.ravel()[left]
    return labels, left


@kernel
def _runs(cells):
    """Return the column at which each run of equal labels starts, and each row's first run."""
    height, width = cells.shape
    count = 0
    for y in range(height):
        count += 1
        for x in range(1, width):
            count += cells[y, x] != cells[y, x - 1]
    starts = np.empty(count + 1, np.int32)
    firsts = np.empty(height + 1, np.int64)
    run = 0
    for y in range(height):
        firsts[y] = run
        for x in range(width):
            if x == 0 or cells[y, x] != cells[y, x - 1]:
                starts[run] = x
                run += 1
    firsts[height] = run
    starts[run] = 0
    return starts, firsts


@kernel
def _join(cells, starts, firsts):
    """Return each run's root: the first run, in raster order, of its 4-connected piece."""
    height, width = cells.shape
    parent = np.arange(firsts[height])
    for y in range(1, height):
        above, above_end = firsts[y - 1], firsts[y]
        for run in range(firsts[y], firsts[y + 1]):
            start = starts[run]
            stop = starts[run + 1] if run + 1 < firsts[y + 1] else width
            while above + 1 < above_end and starts[above + 1] <= start:
                above += 1
            other = above
            while other < above_end and starts[other] < stop:
                if cells[y - 1, starts[other]] == cells[y, start]:
                    a, b = _root(parent, other), _root(parent, run)
                    parent[max(a, b)] = min(a, b)
                other += 1
    for run in range(parent.size):
        parent[run] = parent[parent[run]]
    return parent


@kernel
def _root(parent, run):
    while parent[run] != run:
        parent[run] = parent[parent[run]]
        run = parent[run]
    return run


@kernel
def _lift_strays(labels, starts, firsts, root, number):
    """Set the pixels outside their label's largest piece to -1 and return their raster indices."""
    height, width = labels.shape
    area = np.zeros(root.size, np.int64)
    for y in range(height):
        for run in range(firsts[y], firsts[y + 1]):
            stop = starts[run + 1] if run + 1 < firsts[y + 1] else width
            area[root[run]] += stop - starts[run]
    largest = np.full(number, -1, np.int64)
    total = 0
    for y in range(height):
        for run in range(firsts[y], firsts[y + 1]):
            if root[run] == run:
                label = labels[y, starts[run]]
                if largest[label] < 0 or area[run] > area[largest[label]]:
                    largest[label] = run
                total += area[run]
    for label in range(number):
        total -= area[largest[label]] if largest[label] >= 0 else 0
    strays = np.empty(total, np.int64)
    count = 0
    for y in range(height):
        for run in range(firsts[y], firsts[y + 1]):
            if root[run] != largest[labels[y, starts[run]]]:
                stop = starts[run + 1] if run + 1 < firsts[y + 1] else width
                for x in range(starts[run], stop):
                    strays[count] = y * width + x
                    count += 1
                labels[y, starts[run] : stop] = -1
    return strays


@kernel
def _adopt(labels, strays, base_y, base_x, columns, sweeps):
    """Let kept neighbours adopt strays, sweep by sweep; return the strays that are left."""
    height, width = labels.shape
    adopter = np.empty(strays.size, np.int32)
    for _ in range(sweeps):
        for i in range(strays.size):
            y, x = strays[i] // width, strays[i] % width
            lowest = np.int32(-1)
            for dy, dx in ((-1, 0), (0, -1), (0, 1), (1, 0)):
                if 0 <= y + dy < height and 0 <= x + dx < width:
                    label = labels[y + dy, x + dx]
                    row, column = label // columns - base_y[y], label % columns - base_x[x]
                    holds = label >= 0 and 0 <= row <= 1 and 0 <= column <= 1
                    if holds and (lowest < 0 or label < lowest):
                        lowest = label
            adopter[i] = lowest
        waiting = 0
        for i in range(strays.size):
            if adopter[i] >= 0:
                labels[strays[i] // width, strays[i] % width] = adopter[i]
            else:
                strays[waiting] = strays[i]
                waiting += 1
        if waiting == strays.size:
            break
        strays = strays[:waiting]
        adopter = adopter[:waiting]
    return strays
