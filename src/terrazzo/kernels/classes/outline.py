"""Outlines of regions along the edges of pixels, cut where a block ends, so that blocks can be put together.

An outline runs along pixel edges with its region on the right, as seen with y pointing down. It turns as the outline of
a 4-connected region does: at a corner where two pixels of the region touch diagonally, it stays with the pixel that it
came along. Each edge belongs to the pixel on its right, so to one block.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

# steps of the four directions, each right of the one before: east, south, west, north
DOWN = np.array([0, 1, 0, -1], np.int64)
RIGHT = np.array([1, 0, -1, 0], np.int64)
# where the edge on the left of a pixel in each direction begins, from the pixel's own corner
START_DOWN = np.array([0, 0, 1, 1], np.int64)
START_RIGHT = np.array([0, 1, 1, 0], np.int64)
CLOSED = -1


@kernel
def outlines(
    classes: NDArray[np.int16], regions: NDArray[np.int32], start: tuple[int, int], width: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Return the outlines in a block, from edge to edge of it or closed.

    Parameters
    ----------
    classes : ndarray of int16, shape (y + 2, x + 2)
        Of the block and one pixel around; outside the image a value that no class has.
    regions : ndarray of int32, shape (y, x)
        The region of each pixel of the block, a piece of one class; 0 gets no outline.
    start : tuple of int
        Row and column of the block's first pixel in the image.
    width : int
        Of the image in pixels.

    Returns
    -------
    corners : ndarray of int32, shape (V, 2)
        (y, x) of the corners in the image, those where an outline turns.
    offsets : ndarray of int64, shape (chains + 1,)
        Where each begins in `corners`, with the end of the last.
    chains : ndarray of int64, shape (chains, 3)
        Of each its region, the key of its first edge and the key of the edge after its last; -1 and -1 if it is closed.
        A key says which edge of the image it is.
    """
    rows, columns = regions.shape
    seen = np.zeros((4, rows, columns), np.bool_)
    corners = np.empty((1024, 2), np.int32)
    offsets = np.zeros(257, np.int64)
    chains = np.empty((256, 3), np.int64)
    count = 0
    # first those that come from another block, then those that are left, which are closed
    for closed in range(2):
        for row in range(rows):
            for column in range(columns):
                if regions[row, column] == 0:
                    continue
                for towards in range(4):
                    if seen[towards, row, column] or not _is_edge(classes, row, column, towards):
                        continue
                    if closed == 0 and not _comes_from_outside(classes, row, column, towards):
                        continue
                    if count == chains.shape[0]:
                        chains = _doubled(chains)
                        offsets = np.append(offsets, np.zeros(count, np.int64))
                    corners, end, after = _follow(
                        classes, seen, corners, offsets[count], row, column, towards, start, width
                    )
                    chains[count, 0] = regions[row, column]
                    chains[count, 1] = CLOSED if closed else _key(row, column, towards, start, width)
                    chains[count, 2] = CLOSED if closed else after
                    count += 1
                    offsets[count] = end
    return corners[: offsets[count]], offsets[: count + 1], chains[:count]


@kernel
def _follow(classes, seen, corners, end, row, column, towards, start, width):
    """Walk an outline until it leaves the block or closes; return corners, how many there are and where it goes on."""
    rows, columns = seen.shape[1:]
    while True:
        seen[towards, row, column] = True
        after_row, after_column, after = _next(classes, row, column, towards)
        if after != towards:
            if end == corners.shape[0]:
                corners = _doubled(corners)
            corners[end, 0] = start[0] + after_row + START_DOWN[after]
            corners[end, 1] = start[1] + after_column + START_RIGHT[after]
            end += 1
        row, column, towards = after_row, after_column, after
        if not (0 <= row < rows and 0 <= column < columns):
            return corners, end, _key(row, column, towards, start, width)
        if seen[towards, row, column]:
            return corners, end, CLOSED


@kernel
def _is_edge(classes, row, column, towards):
    left = (towards + 3) % 4
    return classes[row + 1, column + 1] != classes[row + 1 + DOWN[left], column + 1 + RIGHT[left]]


@kernel
def _next(classes, row, column, towards):
    """Return the pixel and the direction of the edge that follows."""
    left = (towards + 3) % 4
    own = classes[row + 1, column + 1]
    ahead_row, ahead_column = row + DOWN[towards], column + RIGHT[towards]
    if classes[ahead_row + 1, ahead_column + 1] != own:
        return row, column, (towards + 1) % 4
    beside_row, beside_column = ahead_row + DOWN[left], ahead_column + RIGHT[left]
    if classes[beside_row + 1, beside_column + 1] == own:
        return beside_row, beside_column, left
    return ahead_row, ahead_column, towards


@kernel
def _comes_from_outside(classes, row, column, towards):
    """Return whether the edge before belongs to a pixel of another block."""
    rows, columns = classes.shape[0] - 2, classes.shape[1] - 2
    left = (towards + 3) % 4
    own = classes[row + 1, column + 1]
    back_row, back_column = row - DOWN[towards], column - RIGHT[towards]
    if classes[back_row + 1, back_column + 1] != own:
        return False
    beside_row, beside_column = back_row + DOWN[left], back_column + RIGHT[left]
    if classes[beside_row + 1, beside_column + 1] == own:
        back_row, back_column = beside_row, beside_column
    return not (0 <= back_row < rows and 0 <= back_column < columns)


@kernel
def _key(row, column, towards, start, width):
    # the key of a corner that lies on the image's far side is not that of the next row's first: width + 1
    corner_row = start[0] + row + START_DOWN[towards]
    corner_column = start[1] + column + START_RIGHT[towards]
    return (corner_row * (width + 1) + corner_column) * 4 + towards


@kernel
def _doubled(array):
    larger = np.empty((2 * array.shape[0], array.shape[1]), array.dtype)
    larger[: array.shape[0]] = array
    return larger


@kernel
def simple_rings(corners: NDArray[np.int64], width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cut a closed outline into rings that touch no corner twice, each from its highest and then leftmost corner on.

    Parameters
    ----------
    corners : ndarray of int64, shape (N, 2)
        (y, x) in turn; the last is followed by the first.
    width : int
        Of the image in pixels.

    Returns
    -------
    corners : ndarray of int64, shape (N, 2)
        Of the rings, one after the other.
    offsets : ndarray of int64, shape (rings + 1,)
        Where each begins, with the end of the last.
    """
    number = corners.shape[0]
    keys = corners[:, 0] * (width + 1) + corners[:, 1]
    order = np.argsort(keys)
    same = np.zeros(number, np.int64)
    for place in range(1, number):
        same[order[place]] = same[order[place - 1]] + (keys[order[place]] != keys[order[place - 1]])
    found = np.empty_like(corners)
    offsets = [0]
    open_at = np.full(number, -1, np.int64)
    stack = np.empty(number, np.int64)
    height = 0
    for corner in range(number):
        first = open_at[same[corner]]
        if first >= 0:
            height = _take(corners, stack, first, height, keys, same, open_at, found, offsets)
        open_at[same[corner]] = height
        stack[height] = corner
        height += 1
    _take(corners, stack, 0, height, keys, same, open_at, found, offsets)
    return found, np.array(offsets)


@kernel
def _take(corners, stack, first, height, keys, same, open_at, found, offsets):
    lowest = first
    for place in range(first, height):
        open_at[same[stack[place]]] = -1
        if keys[stack[place]] < keys[stack[lowest]]:
            lowest = place
    number, end = height - first, offsets[-1]
    for step in range(number):
        found[end + step] = corners[stack[first + (lowest - first + step) % number]]
    offsets.append(end + number)
    return first
