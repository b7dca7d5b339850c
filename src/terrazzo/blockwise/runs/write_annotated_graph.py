"""Write the graph of an annotated image to disk, one task per block: what training streams from."""

from __future__ import annotations

from distributed import Client

from terrazzo.blocks import STORAGE_CHUNKS_PER_BLOCK, Block, BlockGrid
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage
from terrazzo.blockwise.inputs.estimates import estimated, estimates_of
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import given_of
from terrazzo.io.results.graph_parts import GraphParts
from terrazzo.models.passes.declared import Pass
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
    recipe = annotated.recipe
    passes = superpixels_pass(recipe), targets_pass(annotated.classes)
    estimates = estimated(estimates_of(passes), annotated.pixels, annotated.mask, client)
    sources = Sources(annotated.pixels, annotated.mask, annotated.truth, estimates, annotated.path)
    shared = passes, sources, parts, _tile_cells(annotated.grid)
    written = dict(run_blocks(_write_block, annotated.blocks, *shared, client=client))
    return {block: written[block] for block in annotated.blocks}


def _tile_cells(grid: BlockGrid) -> tuple[int, ...]:
    """Return the side in cells of the tiles that annotated pixels are counted in: a quarter of a block."""
    return tuple(max(1, cells // STORAGE_CHUNKS_PER_BLOCK) for cells in grid.block_cells)


def _write_block(
    block: Block, passes: tuple[Pass, ...], sources: Sources, parts: GraphParts, tile_cells: tuple[int, ...]
) -> tuple[Block, TileCounts]:
    given = given_of(passes, block, sources)
    rows, targets = given["rows"], given["targets"]
    parts.write(block.name, rows, targets)
    return block, TileCounts.of(rows.ids, targets, block.lattice, tile_cells)
