"""Where is how much of an image annotated? The annotation alone is read, a block at a time."""

from __future__ import annotations

from terrazzo.blocks import STORAGE_CHUNKS_PER_BLOCK, Block, BlockGrid
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.blockwise.inputs.windows import Readable, read_window
from terrazzo.lattice import Lattice
from terrazzo.regions.classes.annotation import annotated_classes
from terrazzo.regions.classes.tile_counts import TileCounts

# Of a block that is held out for validation, in pixels; the smallest in cells, which are the smallest tiles.
LARGEST_SIDE, LEAST_CELLS = 2048, 16
LARGEST_CELL = 16


def split_grid(extent: tuple[int, ...]) -> BlockGrid:
    """Return the blocks of an image that are held out whole: an eighth of its longer side wide, at most 2048 pixels."""
    cell = tuple(min(max(2, length // (8 * LEAST_CELLS)), LARGEST_CELL) for length in extent)
    side = min(max(max(extent) // 8, LEAST_CELLS * max(cell)), LARGEST_SIDE)
    return BlockGrid.of(Lattice(extent, cell), side)


def annotated_tiles(truth: Readable, grid: BlockGrid, classes: int) -> dict[Block, TileCounts]:
    """Return the annotated pixels of each class in tiles of a quarter of a block, for each block in raster order.

    Parameters
    ----------
    truth : array of whole numbers, shape (1, y, x) or (1, z, y, x)
    grid : BlockGrid
    classes : int

    Raises
    ------
    InputError
        If the annotation holds a value that is neither a class nor 255.
    """
    side = tuple(max(1, cells // STORAGE_CHUNKS_PER_BLOCK) for cells in grid.block_cells)
    counted = dict(run_blocks(_count, grid, truth, classes, side))
    return {block: counted[block] for block in grid}


def _count(block: Block, truth: Readable, classes: int, side: tuple[int, ...]) -> tuple[Block, TileCounts]:
    known = annotated_classes(read_window(truth, block.core)[0], classes)
    return block, TileCounts.of_pixels(known, block, classes, side)
