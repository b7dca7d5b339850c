"""May blocks be written to a Zarr array side by side? Only where no two of them share what it stores as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import zarr

from terrazzo.blocks import BlockGrid
from terrazzo.errors import InputError


def check_aligned(array: zarr.Array[Any], grid: BlockGrid, path: str | Path) -> None:
    """Raise an InputError unless an array has the grid's extent and its blocks are whole shards (chunks, without any).

    Two tasks that write to one shard undo each other's work without a word.
    """
    extent = grid.lattice.shape
    if array.shape != extent:
        raise InputError(
            f"'{path}' has {array.shape} pixels and its blocks cover {extent}; begin anew with --overwrite"
        )
    block = tuple(cells * size for cells, size in zip(grid.block_cells, grid.lattice.size, strict=True))
    stored = array.shards or array.chunks
    spans = zip(block, stored, extent, strict=True)
    # what covers the whole axis is one block's as well, if there is one block
    if any(side % unit and side < length for side, unit, length in spans):
        what = "shards" if array.shards else "chunks"
        raise InputError(
            f"'{path}' is stored in {what} of {stored} pixels, of which the blocks of {block} are no whole multiples, "
            "so that they would overwrite each other; begin anew with --overwrite"
        )
