"""How many cells around a superpixel does its embedding depend on? Integers only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from terrazzo.blocks import Box
from terrazzo.models.messages.settings import DirectedSettings


@cache
def reach(settings: DirectedSettings, axes: int) -> tuple[int, ...]:
    """Return how many cells away, along each axis, a superpixel may lie on which another one's embedding depends.

    Coarse cells are aligned to the whole lattice, so that it differs from cell to cell: this is the most.
    """
    return tuple(_reach_along(settings, pooled) for pooled in settings.pooling(axes))


def way_up(asked: Box, extent: Sequence[int], settings: DirectedSettings) -> tuple[Box, ...]:
    """Return for each level but the coarsest the cells that rounds on the way up have to look at, the finest first.

    Parameters
    ----------
    asked : Box
        The cells whose embeddings are wanted, from the first of a table.
    extent : sequence of int
        The cells of the table, which begins at a cell of the coarsest level; multiples of `settings.coarsest`.
    settings : DirectedSettings
    """
    boxes, box, pooling = [], asked, settings.pooling(len(extent))
    for level in range(settings.coarser):
        counts = tuple(count // pooled**level for count, pooled in zip(extent, pooling, strict=True))
        box = box.grown(settings.rounds[level], counts)
        boxes.append(box)
        box = Box(
            tuple(start // pooled for start, pooled in zip(box.start, pooling, strict=True)),
            tuple(-(-stop // pooled) for stop, pooled in zip(box.stop, pooling, strict=True)),
        )
    return tuple(boxes)


def _reach_along(settings: DirectedSettings, pooled: int) -> int:
    seen = {cell: _seen(cell, settings, pooled) for cell in range(pooled**settings.coarser)}
    return max(max(cell - first, last - cell) for cell, (first, last) in seen.items())


def _seen(cell: int, settings: DirectedSettings, pooled: int) -> tuple[int, int]:
    """Return the first and the last cell that a cell's embedding depends on: up the levels, and down again."""
    rounds = settings.rounds
    first = last = cell
    for level in range(settings.coarser):
        first, last = (first - rounds[level]) // pooled, (last + rounds[level]) // pooled
    for level in reversed(range(settings.coarser + 1)):
        first, last = first - rounds[level], last + rounds[level]
        if level:
            first, last = pooled * first, pooled * last + pooled - 1
    return first, last
