"""Write the graph of an annotated image to disk, one task per block: what training streams from."""

from __future__ import annotations

from functools import partial

from distributed import Client

from terrazzo.blocks import STORAGE_CHUNKS_PER_BLOCK, Block, BlockGrid
from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage
from terrazzo.blockwise.runs.passes_over_annotated import passes_over_annotated
from terrazzo.io.results.graph_parts import GraphParts
from terrazzo.models.passes.declared import Given
from terrazzo.models.passes.superpixels import superpixels_pass, targets_pass
from terrazzo.regions.classes.tile_counts import TileCounts


def write_annotated_graph(
    annotated: AnnotatedImage, parts: GraphParts, client: Client | None = None
) -> dict[Block, TileCounts]:
    """Write what each wanted block owns, with its targets, under its name; return where how much is annotated.

    Each task reads its own window of the image: of a Dask array that is costly to compute, the chunks that several
    windows share are computed for each of them.

    Parameters
    ----------
    annotated : AnnotatedImage
    parts : GraphParts
        Where to; with a client a folder that all its workers see.
    client : distributed.Client, optional
        Where the tasks run; without it, in this process's threads.

    Returns
    -------
    dict of Block to TileCounts
        In raster order.
    """
    passes = superpixels_pass(annotated.recipe), targets_pass(annotated.classes)
    keep = partial(_written, parts=parts, tile_cells=_tile_cells(annotated.grid))
    return passes_over_annotated(annotated, passes, keep, client)


def _tile_cells(grid: BlockGrid) -> tuple[int, ...]:
    """Return the side in cells of the tiles that annotated pixels are counted in: a quarter of a block."""
    return tuple(max(1, cells // STORAGE_CHUNKS_PER_BLOCK) for cells in grid.block_cells)


def _written(block: Block, given: Given, *, parts: GraphParts, tile_cells: tuple[int, ...]) -> TileCounts:
    rows, targets = given["rows"], given["targets"]
    parts.write(block.name, rows, targets)
    return TileCounts.of(rows.ids, targets, block.lattice, tile_cells)
