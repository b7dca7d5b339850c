"""How many cells around a superpixel does its embedding depend on? Integers only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from terrazzo.blocks import Box
from terrazzo.models.messages.settings import DirectedSettings


@cache
def reach(settings: DirectedSettings) -> int:
    """Return how many cells away, along an axis, a superpixel may lie on which another one's embedding depends.

    Coarse cells are aligned to the whole lattice, so that it differs from cell to cell: this is the most.
    """
    seen = {cell: _seen(cell, settings) for cell in range(2**settings.coarser)}
    return max(max(cell - first, last - cell) for cell, (first, last) in seen.items())


def way_up(asked: Box, extent: Sequence[int], settings: DirectedSettings) -> tuple[Box, ...]:
    """Return for each level but the coarsest the cells that rounds on the way up have to look at, the finest first.

    Parameters
    ----------
    asked : Box
        The cells whose embeddings are wanted, from the first of a table.
    extent : sequence of int
        The cells of the table, which begins at a cell of the coarsest level; multiples of `2**coarser`.
    settings : DirectedSettings
    """
    boxes, box = [], asked
    for level in range(settings.coarser):
        box = box.grown(settings.rounds[level], tuple(count >> level for count in extent))
        boxes.append(box)
        box = Box(tuple(start >> 1 for start in box.start), tuple(-(-stop >> 1) for stop in box.stop))
    return tuple(boxes)


def _seen(cell: int, settings: DirectedSettings) -> tuple[int, int]:
    """Return the first and the last cell that a cell's embedding depends on: up the levels, and down again."""
    rounds = settings.rounds
    first = last = cell
    for level in range(settings.coarser):
        first, last = (first - rounds[level]) >> 1, (last + rounds[level]) >> 1
    for level in reversed(range(settings.coarser + 1)):
        first, last = first - rounds[level], last + rounds[level]
        if level:
            first, last = 2 * first, 2 * last + 1
    return first, last
