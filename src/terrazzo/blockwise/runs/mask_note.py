"""Does a label image look like a mask of 0 and 255, where 255 means that a pixel is not annotated?"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from distributed import Client

from terrazzo.blocks import Block, BlockGrid
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.io.images.image import Image
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.lattice import Lattice
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, mask_hint

CELL = 16


def mask_note(labels: Iterable[Image], client: Client | None = None) -> str | None:
    """Return a sentence if label images hold 255 and one other value alone; they are read.

    Shapes are none, and of images whose values are mapped somebody has said what they mean.

    Parameters
    ----------
    labels : iterable of Image
        That belong together: several may hold one class each.
    client : distributed.Client, optional
        Where the tasks run.
    """
    paths, held = [], set[int]()
    for one in labels:
        if type(one.stored) is not StoredArray:
            return None
        paths.append(one.path)
        for found in run_blocks(_held, label_grid(one.extent).along_curve(), one.stored, client=client):
            held |= found
            if len(held) > 2:
                return None
    if len(held) != 2 or NOT_ANNOTATED not in held:
        return None
    other = min(held)
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return (
        f"'{paths[0]}'{more} holds {other} and {NOT_ANNOTATED} alone, which looks like a mask, and {NOT_ANNOTATED} "
        f"means not annotated; {mask_hint(other)}, and if it does, {NOT_ANNOTATED}={NOT_ANNOTATED} says so"
    )


def label_grid(extent: tuple[int, ...], block: int | None = None) -> BlockGrid:
    """Return the blocks in which a label image is read, which has no superpixels."""
    return BlockGrid.of(Lattice(extent, tuple(CELL if length > 1 else 1 for length in extent)), block)


def _held(block: Block, labels: StoredArray) -> set[int]:
    """Return values of a block, no more than three: they tell that it is no mask."""
    return set(np.unique(labels[(slice(0, 1), *block.core.slices)])[:3].tolist())
