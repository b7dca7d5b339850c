"""Connected superpixels, locally: keep each label's largest piece, let neighbours adopt the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel
from terrazzo.kernels.superpixels.slic import first_candidates

# The six neighbours that share a face with a pixel, as steps along (z, y, x).
STEPS = np.array([[-1, 0, 0], [1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]])

Triple = tuple[int, int, int]

# How many cells farther than half a cell an adoption may come from.
ADOPTION_CELLS = 1

# What stands in place of a label, besides the -1 of no cell: a pixel to be adopted, and one that is looked at next.
STRAY, LISTED = np.int32(-2), np.int32(-3)


def connect(
    cells: NDArray[np.int32], image: NDArray[np.float32], size: Triple
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the labels with every region in one face-connected piece, as far as local adoption reaches.

    Of each label the largest piece is kept (ties: the first in raster order). The other pixels are adopted in
    synchronous sweeps, each by the neighbouring kept pixel that is most alike; ties go to the lowest id, and only a
    label whose window holds the pixel may adopt it. What is left keeps its label.

    Parameters
    ----------
    cells : ndarray of int32, shape (z, y, x)
        Raster indices of cells, as `slic` returns them; -1 is none.
    image : ndarray of float32, shape (c, z, y, x)
        What `slic` compared.
    size : tuple of int
        The lattice's spacing `(z, y, x)` in pixels.

    Returns
    -------
    labels : ndarray of int32, shape (z, y, x)
        Raster indices of cells.
    left : ndarray of int32, shape (N, 3)
        The pixels (z, y, x) that nobody could adopt.
    """
    grid = tuple(-(-n // s) for n, s in zip(cells.shape, size, strict=True))
    starts, firsts = _runs(cells)
    root = _join(cells, starts, firsts)
    labels = cells.copy()
    strays = _lift_strays(labels, starts, firsts, root, grid[0] * grid[1] * grid[2])
    first = tuple(first_candidates(n, s).astype(np.int32) for n, s in zip(cells.shape, size, strict=True))
    place = np.ascontiguousarray(np.indices(grid, np.int32).reshape(3, -1).T)
    left = _adopt(labels, image, strays, first, place, sweeps_along(size))
    z, y, x = left.T
    labels[z, y, x] = cells[z, y, x]
    return labels, left


def sweeps_along(size: Triple) -> Triple:
    """Return for each axis in how many of the first sweeps a pixel looks along it: this bounds the halo."""
    z, y, x = (s // 2 - 1 + s * ADOPTION_CELLS for s in size)
    return z, y, x


@kernel
def _runs(cells):
    """Return the column at which each run of equal labels starts, and each row's first run."""
    depth, height, width = cells.shape
    rows = cells.reshape(depth * height, width)
    count = 0
    for row in range(rows.shape[0]):
        count += 1
        for x in range(1, width):
            count += rows[row, x] != rows[row, x - 1]
    starts = np.empty(count + 1, np.int32)
    firsts = np.empty(rows.shape[0] + 1, np.int64)
    run = 0
    for row in range(rows.shape[0]):
        firsts[row] = run
        for x in range(width):
            if x == 0 or rows[row, x] != rows[row, x - 1]:
                starts[run] = x
                run += 1
    firsts[rows.shape[0]] = run
    starts[run] = 0
    return starts, firsts


@kernel
def _join(cells, starts, firsts):
    """Return each run's root: the first run, in raster order, of its face-connected piece."""
    depth, height, width = cells.shape
    rows = cells.reshape(depth * height, width)
    parent = np.arange(firsts[rows.shape[0]])
    for row in range(rows.shape[0]):
        if row % height:
            _join_rows(rows, row, row - 1, starts, firsts, parent)
        if row >= height:
            _join_rows(rows, row, row - height, starts, firsts, parent)
    for run in range(parent.size):
        parent[run] = parent[parent[run]]
    return parent


@kernel
def _join_rows(rows, row, before, starts, firsts, parent):
    """Join the runs of a row to those of a row before it that touch them with the same label."""
    width = rows.shape[1]
    above, above_end = firsts[before], firsts[before + 1]
    for run in range(firsts[row], firsts[row + 1]):
        start = starts[run]
        stop = starts[run + 1] if run + 1 < firsts[row + 1] else width
        while above + 1 < above_end and starts[above + 1] <= start:
            above += 1
        other = above
        while other < above_end and starts[other] < stop:
            if rows[before, starts[other]] == rows[row, start]:
                a, b = _root(parent, other), _root(parent, run)
                parent[max(a, b)] = min(a, b)
            other += 1


@kernel
def _root(parent, run):
    while parent[run] != run:
        parent[run] = parent[parent[run]]
        run = parent[run]
    return run


@kernel
def _lift_strays(labels, starts, firsts, root, number):
    """Set the pixels outside their label's largest piece to STRAY and return them, (N, 3)."""
    depth, height, width = labels.shape
    rows = labels.reshape(depth * height, width)
    area = np.zeros(root.size, np.int64)
    for row in range(rows.shape[0]):
        for run in range(firsts[row], firsts[row + 1]):
            stop = starts[run + 1] if run + 1 < firsts[row + 1] else width
            area[root[run]] += stop - starts[run]
    largest = np.full(number, -1, np.int64)
    total = 0
    for row in range(rows.shape[0]):
        for run in range(firsts[row], firsts[row + 1]):
            label = rows[row, starts[run]]
            if root[run] == run and label >= 0:
                if largest[label] < 0 or area[run] > area[largest[label]]:
                    largest[label] = run
                total += area[run]
    for label in range(number):
        total -= area[largest[label]] if largest[label] >= 0 else 0
    strays = np.empty((total, 3), np.int32)
    count = 0
    for row in range(rows.shape[0]):
        for run in range(firsts[row], firsts[row + 1]):
            label = rows[row, starts[run]]
            if label >= 0 and root[run] != largest[label]:
                stop = starts[run + 1] if run + 1 < firsts[row + 1] else width
                for x in range(starts[run], stop):
                    strays[count, 0], strays[count, 1], strays[count, 2] = row // height, row % height, x
                    count += 1
                rows[row, starts[run] : stop] = STRAY
    return strays


@kernel
def _adopt(labels, image, strays, first, place, sweeps):
    """Let kept neighbours adopt strays, sweep by sweep; return the strays that are left.

    A stray that nobody could adopt is looked at again when a pixel beside it was adopted: nothing else changes for it.
    """
    looked_at, adopter = strays.copy(), np.empty(len(strays), np.int32)
    beside = np.empty(strays.shape, np.int32)
    waiting = len(strays)
    for sweep in range(max(sweeps)):
        _choose(labels, image, looked_at[:waiting], first[0], first[1], first[2], place, sweep, sweeps, adopter)
        for i in range(waiting):
            labels[looked_at[i, 0], looked_at[i, 1], looked_at[i, 2]] = adopter[i]
        found = 0
        for i in range(waiting):
            if adopter[i] >= 0:
                found = _add_strays_beside(labels, looked_at[i, 0], looked_at[i, 1], looked_at[i, 2], beside, found)
        if found == 0:
            break
        waiting = found
        looked_at, beside = beside, looked_at
    left = 0
    for i in range(len(strays)):
        if labels[strays[i, 0], strays[i, 1], strays[i, 2]] < 0:
            for axis in range(3):  # an array in another's stead would be copied first
                strays[left, axis] = strays[i, axis]
            left += 1
    return strays[:left]


@kernel
def _add_strays_beside(labels, z0, y0, x0, beside, found):
    """Add the strays that touch a pixel to a list, once each; return how many are in it."""
    depth, height, width = labels.shape
    for side in range(2 * (depth == 1), 6):
        z, y, x = z0 + STEPS[side, 0], y0 + STEPS[side, 1], x0 + STEPS[side, 2]
        if 0 <= z < depth and 0 <= y < height and 0 <= x < width and labels[z, y, x] == STRAY:
            labels[z, y, x] = LISTED
            beside[found, 0], beside[found, 1], beside[found, 2] = z, y, x
            found += 1
    return found


@kernel
def _choose(labels, image, strays, first_z, first_y, first_x, place, sweep, sweeps, adopter):
    """Write the label of the most similar pixel next to each stray among those that may adopt it, or STRAY."""
    depth, height, width = labels.shape
    first_side, last_side = 2 * (sweep >= sweeps[0]), 6
    offered = np.empty(6, np.int32)
    for i in range(len(strays)):
        z, y, x = strays[i, 0], strays[i, 1], strays[i, 2]
        chosen, differ = STRAY, False
        for side in range(first_side, last_side):
            dz, dy, dx = STEPS[side, 0], STEPS[side, 1], STEPS[side, 2]
            offered[side] = STRAY
            if not (0 <= z + dz < depth and 0 <= y + dy < height and 0 <= x + dx < width):
                continue
            label = labels[z + dz, y + dy, x + dx]
            if label < 0:
                continue
            if (dz and sweep >= sweeps[0]) or (dy and sweep >= sweeps[1]) or (dx and sweep >= sweeps[2]):
                continue
            if label != chosen:
                along_z, along_y, along_x = (
                    place[label, 0] - first_z[z],
                    place[label, 1] - first_y[y],
                    place[label, 2] - first_x[x],
                )
                if not (0 <= along_z <= 1 and 0 <= along_y <= 1 and 0 <= along_x <= 1):
                    continue
                differ = differ or bool(chosen >= 0)
                chosen = label
            offered[side] = label
        # most have one label around them, and of these the pixels need not be read
        adopter[i] = _most_alike(image, z, y, x, offered, first_side, last_side) if differ else chosen


@kernel
def _most_alike(image, z, y, x, offered, first_side, last_side):
    """Return which of the labels that are offered on the sides of a pixel has the pixel most like it."""
    nearest, chosen = np.float32(np.inf), STRAY
    for side in range(first_side, last_side):
        label = offered[side]
        if label < 0:
            continue
        dz, dy, dx = STEPS[side, 0], STEPS[side, 1], STEPS[side, 2]
        distance = np.float32(0)
        for channel in range(image.shape[0]):
            difference = image[channel, z, y, x] - image[channel, z + dz, y + dy, x + dx]
            distance += difference * difference
        if distance < nearest or (distance == nearest and label < chosen):
            nearest, chosen = distance, label
    return chosen
