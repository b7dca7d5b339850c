"""Write the graph of an annotated image to disk, one task per block: what training streams from."""

from __future__ import annotations

from distributed import Client

from terrazzo.blocks import STORAGE_CHUNKS_PER_BLOCK, Block, BlockGrid
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.blockwise.cluster.worker_watch import computed
from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage
from terrazzo.blockwise.inputs.masks import inside, read_mask
from terrazzo.blockwise.inputs.scale import lazy_scale
from terrazzo.blockwise.inputs.windows import read_window
from terrazzo.io.results.graph_parts import GraphParts
from terrazzo.regions.classes.tile_counts import TileCounts
from terrazzo.regions.graphs.block_graph import block_targets
from terrazzo.regions.graphs.masked_block import segment_masked_block
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN


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
    lazy = lazy_scale(annotated.pixels, annotated.recipe.superpixels, annotated.mask)
    scale = float(lazy.compute() if client is None else computed(lazy, client, "the intensity scale"))
    written = dict(run_blocks(_write_block, annotated.blocks, annotated, scale, parts, client=client))
    return {block: written[block] for block in annotated.blocks}


def _tile_cells(grid: BlockGrid) -> tuple[int, ...]:
    """Return the side in cells of the tiles that annotated pixels are counted in: a quarter of a block."""
    return tuple(max(1, cells // STORAGE_CHUNKS_PER_BLOCK) for cells in grid.block_cells)


def _write_block(block: Block, annotated: AnnotatedImage, scale: float, parts: GraphParts) -> tuple[Block, TileCounts]:
    window = annotated.recipe.window(block)
    pixels = read_window(annotated.pixels, window)
    mask = inside(read_mask(annotated.mask, window), pixels)
    labels, graph = segment_masked_block(pixels, mask, block, annotated.recipe, scale)
    truth = read_window(annotated.truth, block.pixels(LABEL_MARGIN))
    counts = block_targets(truth, labels, block, annotated.classes)
    parts.write(block.name, graph, counts)
    return block, TileCounts.of(graph.ids, counts, block.lattice, _tile_cells(annotated.grid))
