"""Which blocks are trained on, and which tell when to stop? Whole images, or blocks with a gap around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from terrazzo.blocks import Block
from terrazzo.kernels.superpixels.adjacency import REACH
from terrazzo.regions.classes.tile_counts import TileCounts
from terrazzo.training.rules.splits import Rows, Validation, held_out_images, hold_out

GAP_HOPS = 2
GAP_CELLS = REACH * GAP_HOPS
"""Nodes within so many cells of a block that is held out are on no side: all within `GAP_HOPS` edges and more."""

HeldOut = frozenset[Block]
"""The blocks of one image whose nodes are for validation."""


def split_blocks(
    images: Sequence[Mapping[Block, TileCounts]], *, validation: Validation = 0.2, seed: int = 0
) -> list[HeldOut] | None:
    """Split by whole images where they are named or many enough, else all by blocks; None if none can be spared.

    No node for training is within `GAP_HOPS` edges of one for validation, and every annotated class stays in
    training.

    Parameters
    ----------
    images : sequence of dict of Block to TileCounts
        The blocks of each image, and where they are annotated.
    validation : float or sequence of int
        Share of the annotated pixels to hold out, about; or the numbers of the images to hold out.
    seed : int

    Raises
    ------
    ParameterError
        If `validation` is out of range.
    """
    counts = [np.concatenate([table.counts for table in image.values()]) for image in images]
    whole = held_out_images(counts, validation, seed)
    if whole.size or not isinstance(validation, int | float):
        return [frozenset(image if number in whole else ()) for number, image in enumerate(images)]
    held = _hold_out_blocks(images, validation, seed)
    return held if any(held) else None


def _hold_out_blocks(images: Sequence[Mapping[Block, TileCounts]], share: float, seed: int) -> list[HeldOut]:
    units = [(number, block) for number, image in enumerate(images) for block in image]
    tables = [images[number][block] for number, block in units]
    unit_of_row = np.repeat(np.arange(len(units)), [len(table.counts) for table in tables])
    image_of_row = np.array([number for number, _ in units])[unit_of_row]
    counts, start, stop = (
        np.concatenate([getattr(table, what) for table in tables]) for what in ("counts", "start", "stop")
    )

    def reach(rows: Rows) -> Rows:
        number, block = units[unit_of_row[rows[0]]]
        near = block.cells_with(GAP_CELLS)
        beside = ((start < near.stop) & (stop > near.start)).all(axis=1)
        return np.flatnonzero(beside & (image_of_row == number))

    _, rows = hold_out(unit_of_row, counts, reach, share, seed)
    chosen = [units[unit] for unit in np.unique(unit_of_row[rows])]
    return [frozenset(block for own, block in chosen if own == number) for number in range(len(images))]
