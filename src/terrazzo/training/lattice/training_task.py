"""What fitting a lattice network holds: tables, the validation side, a step of training. Integers alone."""

from __future__ import annotations

import math
from collections.abc import Mapping

from terrazzo.blocks import Block, BlockGrid
from terrazzo.memory import EDGES_PER_NODE, with_slack
from terrazzo.models.lattice.embed_block import cells_needed, window_of_cells
from terrazzo.models.lattice.network import LatticeConfig
from terrazzo.models.lattice.task import ACTIVATIONS
from terrazzo.training.lattice.judged_tables import largest_window
from terrazzo.training.lattice.pixels_alone import MOST_KEPT
from terrazzo.training.lattice.sampled_pixels import share_of_block
from terrazzo.training.lattice.settings import LatticeTraining

MOST_BYTES_IN_MEMORY = 2**30
"""What tables may take at most before they stay on disk."""

MOST_JUDGED = 2**17
"""Cells that a round of validation looks at, about."""

# Of each round its norm, what is heard, that bent, brought back and dropped, and the sum, kept for gradients; what is
# in the making on one level, a convolution's own copies among it.
KEPT, MAKING = 7, 10

# Weights, their gradients, two moments of Adam, those of the best round, and those in bfloat16.
COPIES = 6

# Of each pixel that is asked what comes in of itself, of its superpixel and from around, their sum and that bent; as
# gradients go back the same once more.
ASKED = 10


def bytes_of_tables(config: LatticeConfig, cells: int, samples: int) -> int:
    """Return the bytes of tables of so many cells and sampled pixels."""
    row = 4 * (config.node_columns + config.classes) + 1
    edge = 2 * 4 * config.axes + 4 * config.edge_columns
    row += EDGES_PER_NODE[config.axes] * edge * (config.settings.crf_steps > 0)
    return cells * row + samples * (4 * config.pixel_columns + (8 + 8) * config.axes + 1 + 4 + 4)


def fit_bytes(config: LatticeConfig, training: LatticeTraining, grids: Mapping[BlockGrid, int]) -> int:
    """Return the bytes that a fit holds once superpixels are measured, besides what a process holds anyway.

    Parameters
    ----------
    config : LatticeConfig
        Its settings say how many levels there are and how they are pooled.
    training : LatticeTraining
        Without copies.
    grids : mapping of BlockGrid to int
        How many images are cut so. All of them is taken to be annotated.
    """
    axes, middles = config.axes, [_middle(grid) for grid in grids]
    shares = [_share(grid, training) for grid in grids]
    judged = _judged_bytes(config, training, grids)
    largest = max(math.prod(window_of_cells(block, config.settings).shape) for block in middles)
    judged_at_once = max(largest, *(largest_window(grid.lattice.cells, config.settings) for grid in grids))
    near = max(
        share * sum(1 for _ in grid.neighbours(block, cells_needed(config.settings, block.lattice.size)))
        for share, grid, block in zip(shares, grids, middles, strict=True)
    )
    cells, windows = training.window(config.settings.pooling(axes))
    padded = [-(-side // one) * one for side, one in zip(cells, config.settings.coarsest(axes), strict=True)]
    window, pixels = windows * math.prod(padded), max(training.pixels, windows)
    stages = {
        # in double precision, with squares
        "moments": max(shares) * config.pixel_columns * (4 + 3 * 8),
        # what lies around a block, before what is held out is chosen
        "gather": 2 * bytes_of_tables(config, largest, near),
        # the next batch waits, and the one after that is made meanwhile
        "step": 5 * _batch_bytes(config, window, pixels)
        + bytes_of_tables(config, window, pixels)
        + _kept_bytes(config, window)
        + 2 * _asked_bytes(config, pixels),
        "judge": 4 * config.settings.width * ACTIVATIONS * judged_at_once + _asked_bytes(config, max(shares)),
    }
    # those that learn alone where little is annotated
    lone = bytes_of_tables(config, 0, MOST_KEPT) if config.settings.decision == "pixel" else 0
    held = COPIES * 4 * weights(config) + judged + lone
    return with_slack({name: table_bytes(config, training, grids) + held + stage for name, stage in stages.items()})


def table_bytes(config: LatticeConfig, training: LatticeTraining, grids: Mapping[BlockGrid, int]) -> int:
    """Return the bytes of tables that are in memory while a network is fitted on whole images."""
    if training.streaming is True:
        return 0
    tables = sum(
        images * bytes_of_tables(config, math.prod(grid.lattice.cells), len(grid) * _share(grid, training))
        for grid, images in grids.items()
    )
    return tables if training.streaming is False else min(tables, MOST_BYTES_IN_MEMORY)


def _judged_bytes(config: LatticeConfig, training: LatticeTraining, grids: Mapping[BlockGrid, int]) -> int:
    """Return the bytes of the tensors of the validation side, were that all, and of what is said of it at last."""
    windows = [math.prod(window_of_cells(_middle(grid), config.settings).shape) for grid in grids]
    blocks = sum(images * len(grid) for grid, images in grids.items())
    # of more cells some tiles with fewer pixels than every n-th block: cores alone say the least that n is
    every = max(1, round(sum(n * math.prod(grid.lattice.cells) for grid, n in grids.items()) / MOST_JUDGED))
    seen = sum(n * len(grid) * window for (grid, n), window in zip(grids.items(), windows, strict=True))
    tiles = max(largest_window(grid.lattice.cells, config.settings) for grid in grids)
    cells = min(seen, max(MOST_JUDGED * 3 // 2 + max(windows), config.classes * tiles))
    samples = -(-blocks // every) * max(_share(grid, training) for grid in grids)
    said = cells * config.classes * (4 + 8 + 8) + samples * 2 * (4 * config.classes + 8 + 8 + 4)
    return _batch_bytes(config, cells, samples) + said


def weights(config: LatticeConfig) -> int:
    """Return how many numbers a lattice network learns, and those that its norms remember."""
    settings, width = config.settings, config.settings.width
    rounds = 2 * sum(settings.rounds) - settings.rounds[-1] if settings.coarser else settings.finest
    total: int = (config.node_columns + 1) * width + (width + 1) * (config.classes + 2 * settings.coarser * width)
    total += rounds * ((3**config.axes + 1) * width**2 + 6 * width + 1)
    if settings.decision == "pixel":
        total += settings.pixel_width * (config.pixel_columns + 2 * width + config.classes + 1) + config.classes
    if settings.crf_steps:
        total += (3**config.axes - 1) // 2 + 3 * config.edge_columns + config.classes**2
    return total


def _batch_bytes(config: LatticeConfig, cells: int, samples: int) -> int:
    """Return the bytes of some windows as tensors."""
    pair = (2 * 8 + 4 * config.edge_columns + 8 + 4) * (config.settings.crf_steps > 0)
    cell = 4 * (config.node_columns + config.classes + 1) + 1 + EDGES_PER_NODE[config.axes] * pair
    return cells * cell + samples * (4 * config.pixel_columns + 4 * config.axes + 8 + 8 + 4 + 4)


def _kept_bytes(config: LatticeConfig, cells: int) -> int:
    """Return the bytes of what rounds of messages on so many cells of the finest level keep for their gradients."""
    settings, pooled = config.settings, math.prod(config.settings.pooling(config.axes))
    tables = [
        rounds * (1 if level == settings.coarser else 2) / pooled**level for level, rounds in enumerate(settings.rounds)
    ]
    kept: int = math.ceil(cells * (KEPT * sum(tables) + MAKING)) * settings.width
    # a random field keeps what is heard of each edge in each step
    heard = settings.crf_steps * cells * (EDGES_PER_NODE[config.axes] * 4 + 4) * config.classes
    return 4 * (kept + heard + cells * config.node_columns)


def _asked_bytes(config: LatticeConfig, pixels: int) -> int:
    """Return the bytes of asking pixels."""
    each = 4 * (config.pixel_columns + ASKED * config.settings.pixel_width + 4 * config.classes)
    corners = 1 << config.axes
    return pixels * (each + corners * (8 + 4 + 4))


def _share(grid: BlockGrid, training: LatticeTraining) -> int:
    """Return how many pixels are sampled of a block at most."""
    return share_of_block(math.prod(_middle(grid).core.shape), training.samples)


def _middle(grid: BlockGrid) -> Block:
    return grid[tuple((count - 1) // 2 for count in grid.shape)]
