"""What the task holds that labels a block by a lattice network: the stages that it goes through."""

from __future__ import annotations

import math

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.memory import CHUNKS_AT_ONCE, EDGES_PER_NODE, WRITING, Reading, table_bytes, with_slack
from terrazzo.models.lattice.embed_block import ASKED_MARGIN, cells_judged, cells_needed, window_of_cells
from terrazzo.models.lattice.network import LatticeConfig
from terrazzo.models.lattice.pixel_responses import BANK, response_tiles, response_window
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.core_responses import CoreResponses

# Tables of activations that are alive at once on the finest level, those kept of all levels and convolutions included.
ACTIVATIONS = 14


def lattice_bytes(block: Block, grid: BlockGrid, reading: Reading, config: LatticeConfig, recipe: Recipe) -> int:
    """Return the bytes that labelling and painting a block holds at its peak."""
    return with_slack(lattice_stages(block, grid, reading, config, recipe))


def lattice_stages(
    block: Block, grid: BlockGrid, reading: Reading, config: LatticeConfig, recipe: Recipe
) -> dict[str, int]:
    """Return the bytes of each stage of labelling and painting a block."""
    settings, core, size = config.settings, _volume(block.core), block.lattice.size
    ids = core * block.lattice.dtype.itemsize
    # mapped from disk: nobody looks at the edges
    read = _nodes(
        sum(_volume(near.cells) for near in grid.neighbours(block, cells_needed(settings, size))), block, recipe
    )
    own = _nodes(_volume(block.cells), block, recipe)
    table = _volume(window_of_cells(block, settings)) * (4 * config.node_columns + 1)
    network = _volume(window_of_cells(block, settings)) * 4 * settings.width * ACTIVATIONS
    window, responses, pieces = 0, 0, 0
    if settings.decision == "pixel":
        seen = _volume(response_window(block))
        window = recipe.channels * seen * reading.itemsize + seen * reading.masked
        tiles = list(response_tiles(block))
        around = max(_volume(BANK.window(tile, block.lattice.shape)) for tile in tiles)
        # the pixels around a tile, and the same in single precision
        cut = recipe.channels * around * (reading.itemsize + 4)
        responses = cut + CoreResponses.bytes_while_computed(BANK, recipe.channels, around, _volume(tiles[0]))
        # embeddings, and what they say to their pixels and to those around
        columns = settings.width + 4 * settings.pixel_width + 3 * config.classes
        pieces = _volume(block.cells_with(ASKED_MARGIN)) * 4 * columns
    kept = ids + own + window
    # the place of each pixel's superpixel, its class, the pixels that are asked, their logits
    painted = core * (4 + 1 + (1 + 4 * config.classes) * (settings.decision == "pixel"))
    return {
        "read": kept + read + max(window, 2 * CHUNKS_AT_ONCE * reading.chunk),
        "rows": kept + read + 3 * table,
        "network": kept + read + 2 * table + network,
        "field": kept + read + 2 * table + _field(block, grid, config, recipe),
        "pixels": kept + read + painted + responses + pieces,
        "write": kept
        + read
        + painted
        + core * (2 + (2 + config.classes) * reading.probabilities)
        + WRITING * (own + 4 * config.classes * _volume(block.cells)),
    }


def _field(block: Block, grid: BlockGrid, config: LatticeConfig, recipe: Recipe) -> int:
    """Return the bytes of a conditional random field: edges that are read, pairs, tables of logits."""
    settings, axes = config.settings, config.axes
    if not settings.crf_steps:
        return 0
    margin, each = cells_judged(settings, block.lattice.size), EDGES_PER_NODE[axes]
    judged = _volume(block.cells_with(margin))
    owned = each * sum(_volume(near.cells) for near in grid.neighbours(block, margin))
    columns = len(recipe.edge_columns)
    # ids, cells and features of all edges; of those between judged cells a copy, places, columns, lines and weights
    edges = owned * (2 * 8 + 2 * 12 * axes + 4 * columns)
    pairs = each * judged * (2 * 4 * axes + 2 * 8 + 12 * columns + 16 + 2 * 4 * config.classes)
    return edges + pairs + judged * 4 * (2 * settings.width + 6 * config.classes)


def _nodes(nodes: int, block: Block, recipe: Recipe) -> int:
    return table_bytes(nodes, 0, len(block.index), block.lattice.dtype.itemsize, len(recipe.node_columns), 0)


def _volume(box: Box) -> int:
    return math.prod(box.shape)
