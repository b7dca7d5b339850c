"""What the task holds that embeds a block's superpixels and paints their domains: the stages that it goes through."""

from __future__ import annotations

import math

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.memory import EDGES_PER_NODE, WRITING, Reading, table_bytes, with_slack
from terrazzo.models.nested.channel_network import MOST_NODES
from terrazzo.models.nested.embed_block import Reach
from terrazzo.models.nested.majority import CELLS_ASKED, ROWS_AT_ONCE
from terrazzo.models.nested.network import NestedConfig
from terrazzo.regions.graphs.recipe import Recipe

# Tables of a batch of nodes by channels that are alive at once.
TABLES_OF_BATCH = 12


def nested_bytes(
    block: Block, grid: BlockGrid, reading: Reading, config: NestedConfig, recipe: Recipe, clusters: int
) -> int:
    """Return the bytes that embedding and painting a block holds at its peak."""
    return with_slack(nested_stages(block, grid, reading, config, recipe, clusters))


def nested_stages(
    block: Block, grid: BlockGrid, reading: Reading, config: NestedConfig, recipe: Recipe, clusters: int
) -> dict[str, int]:
    """Return the bytes of each stage of embedding and painting a block."""
    axes, settings = len(block.index), config.settings
    reach, item = Reach(settings, axes), block.lattice.dtype.itemsize
    columns = len(recipe.node_columns), len(recipe.edge_columns)

    def tables(nodes: int) -> int:
        return table_bytes(nodes, EDGES_PER_NODE[axes] * nodes, axes, item, *columns)

    core, own, near = _volume(block.core), _volume(block.cells), _volume(block.cells_with(reach.cells))
    read = tables(sum(_volume(other.cells) for other in grid.neighbours(block, reach.cells)))
    kept = core * item + read + tables(own)
    edges = EDGES_PER_NODE[axes] * near
    graph = tables(near) + near * (4 * config.channels + 8 * 4)
    embeddings = near * 4 * settings.width
    of_region = settings.region**axes
    # double precision: a table of the region and its components, and four tables of channels by channels
    inner = 8 * (4 * of_region * config.channels + 2 * of_region**2 + 4 * config.channels**2)
    batch = 4 * TABLES_OF_BATCH * MOST_NODES * config.channels
    asked = ROWS_AT_ONCE * (2 * CELLS_ASKED[axes] + 1) ** axes * 8 * (3 * axes + 4) if settings.nearest else 0
    domains = _volume(block.cells_with(reach.domains)) * (4 * settings.width + 8 * (20 + clusters) + 8 * axes)
    return {
        "merge": kept + 3 * tables(near) + 24 * edges,
        "inner graphs": kept + graph + 3 * near * 4 * config.channels + inner,
        "network": kept + graph + 8 * edges * 8 + 4 * embeddings + batch,
        "domains": kept + graph + 2 * embeddings + domains + asked,
        "paint": kept + domains + core * (4 + 1 + 2 * reading.probabilities),
        "write": kept + core * 2 + WRITING * (tables(own) + 4 * (clusters + settings.width) * own),
    }


def _volume(box: Box) -> int:
    return math.prod(box.shape)
