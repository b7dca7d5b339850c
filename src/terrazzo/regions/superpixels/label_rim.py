"""The outermost cells of a block's labels: all that the blocks around it need to know of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN, BlockLabels

LabelRim = list[BlockLabels]


def label_rim(ids: NDArray[np.unsignedinteger[Any]], block: Block) -> LabelRim:
    """Return the labels of the outermost cells on each side of a block's core, as copies.

    Parameters
    ----------
    ids : ndarray of uint32 or uint64, shape (y, x) or (z, y, x)
        The superpixels of the core.
    block : Block
        Which block.
    """
    lattice = block.lattice
    slabs = (cells.scaled(lattice.size, lattice.shape) for cells in _outermost(block.cells))
    return [BlockLabels(slab, ids[slab.within(block.core)].copy(), 0) for slab in slabs]


def surrounded(ids: NDArray[np.unsignedinteger[Any]], block: Block, rims: Iterable[LabelRim]) -> BlockLabels:
    """Return the labels of a block's core and of one cell around it.

    Parameters
    ----------
    ids : ndarray of uint32 or uint64, shape (y, x) or (z, y, x)
        The superpixels of the core.
    block : Block
        Which block.
    rims : iterable of LabelRim
        Those of all blocks around it.
    """
    box = block.pixels(LABEL_MARGIN)
    whole = np.zeros(box.shape, ids.dtype)
    whole[block.core.within(box)] = ids
    for rim in rims:
        for slab in rim:
            both = slab.box.overlap(box)
            if both is not None:
                whole[both.within(box)] = slab.cut(both)
    return BlockLabels(box, whole, 0)


def _outermost(cells: Box) -> Iterator[Box]:
    for axis in range(len(cells.start)):
        start, stop = list(cells.start), list(cells.stop)
        stop[axis] = min(start[axis] + LABEL_MARGIN, stop[axis])
        yield Box(cells.start, tuple(stop))
        start[axis] = max(cells.stop[axis] - LABEL_MARGIN, start[axis])
        yield Box(tuple(start), cells.stop)
