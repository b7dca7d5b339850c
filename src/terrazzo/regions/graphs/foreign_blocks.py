"""How labels from elsewhere are cut into blocks, and what each block looks at. Integers only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.errors import ParameterError
from terrazzo.lattice import Lattice
from terrazzo.regions.graphs.measure import measured_window
from terrazzo.regions.statistics.statistic import FeatureSet

# How fine the default blocks are cut, and how many times wider than the largest region they are at least.
CUT, BLOCK_PER_EXTENT = 32, 4


def largest_extent(max_extent: int | Sequence[int], axes: int) -> tuple[int, ...]:
    """Return `max_extent` as one whole number of pixels per axis.

    Raises
    ------
    ParameterError
        If it is not made of whole numbers of at least 1, one or `axes` of them.
    """
    sides = (max_extent,) * axes if np.ndim(max_extent) == 0 else tuple(max_extent)  # type: ignore[arg-type]
    whole = all(isinstance(s, int | np.integer) and not isinstance(s, bool) and s >= 1 for s in sides)
    if len(sides) != axes or not whole:
        raise ParameterError(
            f"max_extent is {max_extent!r}; it must be the largest side of a region's bounding box, a whole number of "
            f"pixels of at least 1, or one for each of the {axes} axes"
        )
    return tuple(int(s) for s in sides)  # type: ignore[arg-type]


def foreign_grid(extent: tuple[int, ...], max_extent: tuple[int, ...], block: int | None = None) -> BlockGrid:
    """Return the blocks that labels from elsewhere are worked in: the cells of a lattice that only cuts.

    Parameters
    ----------
    extent : tuple of int
        The image's, in pixels.
    max_extent : tuple of int
        The largest side of a region's bounding box along each axis, in pixels.
    block : int, optional
        The blocks' width in pixels; by default what suits the extent, and at least four regions along each axis.
    """
    axes = len(extent)
    suited = BlockGrid.of(Lattice(extent, (CUT,) * axes), block)
    sides = [max(CUT * cells, BLOCK_PER_EXTENT * m) for cells, m in zip(suited.block_cells, max_extent, strict=True)]
    if block is not None:
        sides = [max(2, block)] * axes
    return BlockGrid(Lattice(extent, tuple(sides)), (1,) * axes)


def foreign_window(block: Block, max_extent: tuple[int, ...]) -> Box:
    """Return the pixels whose labels a block looks at: all that its own regions can reach, and touch."""
    return block.core.grown(max_extent, block.lattice.shape)


def foreign_graph_window(block: Block, max_extent: tuple[int, ...], features: FeatureSet) -> Box:
    """Return the pixels of the image that the nodes and edges of a block's regions depend on."""
    own = block.core.grown([side - 1 for side in max_extent], block.lattice.shape)
    return measured_window(own, block.lattice.shape, features)
