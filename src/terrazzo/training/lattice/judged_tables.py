"""What a round of validation looks at: the blocks that hold something of that side, or windows of some of its tiles."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.models.lattice.embed_block import window_of_cells
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.training.lattice.sampled_pixels import PixelSamples
from terrazzo.training.lattice.split_cells import HeldOut, tile_side
from terrazzo.training.lattice.tables import ImageTables, Table
from terrazzo.training.rules.some_of_each import some_of_each, stands_for

AROUND = {2: 16, 3: 8}
"""Cells on each side of a tile that are seen with it, by axes, where only some tiles are: in training no more are."""

MOST_PIXELS = 4096
"""Sampled pixels of such a tile that are asked."""


def judged_tables(
    images: Sequence[ImageTables], held_out: Sequence[HeldOut], network: LatticeSettings, most: int, seed: int
) -> Iterator[Table]:
    """Yield tables of the validation side, of about `most` cells in all, or of a window for each class if that is more.

    They are the blocks that hold something of it, with all that their embeddings depend on; where these are too many,
    windows around some of its tiles, drawn so that there are some with each class. Pixels then count for more by what
    there is of their class on the whole side: a class is no more of the judgement for having been looked for.
    """
    found = [
        (image, held, block)
        for image, held in zip(images, held_out, strict=True)
        for block in image.grid
        if block.index in image.tables and held.holds(block.cells)
    ]
    if sum(math.prod(window_of_cells(block, network).shape) for _, _, block in found) <= most * 3 // 2:
        for image, held, block in found:
            yield held.for_validation(image.window(window_of_cells(block, network)), block.cells)
        return
    tiles = [
        (image, held, Box(tuple(start.tolist()), tuple(stop.tolist())), counts)
        for image, held in zip(images, held_out, strict=True)
        for start, stop, counts in _tiles(image, held)
    ]
    windows = [window_of_tile(tile, image.grid.lattice.cells, network) for image, _, tile, _ in tiles]
    number = max(1, most * len(tiles) // sum(math.prod(window.shape) for window in windows))
    rng = np.random.default_rng(seed)
    every = np.stack([counts for *_, counts in tiles])
    chosen = some_of_each(every, number, seed)
    weights = stands_for(every, chosen)
    for one in chosen:
        image, held, tile, _ = tiles[one]
        table = held.for_validation(image.window(windows[one]), tile)
        yield _weighed(replace(table, samples=_some(table.samples, rng)), weights)


def window_of_tile(tile: Box, cells: tuple[int, ...], network: LatticeSettings) -> Box:
    """Return the cells that are seen with a tile of a lattice of so many: it begins at a cell of the coarsest level."""
    return tile.grown(AROUND[len(cells)], cells).aligned(network.coarsest(len(cells)))


def largest_window(cells: tuple[int, ...], network: LatticeSettings) -> int:
    """Return the most cells of a window around a tile of a lattice of so many."""
    seen = tile_side(cells) + 2 * AROUND[len(cells)]
    return math.prod(min(n, seen + step - 1) for n, step in zip(cells, network.coarsest(len(cells)), strict=True))


def _weighed(table: Table, weights: NDArray[np.float64]) -> Table:
    """Return a table whose annotated pixels count for so many times as many, by their classes."""
    samples = table.samples
    areas = samples.areas * weights[samples.classes].astype(np.float32)
    counts = np.rint(table.counts * weights).astype(np.uint32)
    return replace(table, counts=counts, samples=replace(samples, areas=areas))


def _some(samples: PixelSamples, rng: np.random.Generator) -> PixelSamples:
    """Return some of many samples, which stand for all."""
    number = len(samples.areas)
    if number <= MOST_PIXELS:
        return samples
    chosen = samples.chosen(np.sort(rng.permutation(number)[:MOST_PIXELS]))
    return replace(chosen, areas=chosen.areas * np.float32(number / MOST_PIXELS))


def _tiles(
    image: ImageTables, held: HeldOut
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]]:
    """Yield the annotated tiles that are held out, each once: each block has counted what of a tile it owns."""
    tiles = image.tiles
    mine = np.ones(len(tiles.start), np.bool_) if held.whole else ~held.keeps(tiles)
    if not mine.any():
        return
    start, row, tile_of_row = np.unique(tiles.start[mine], axis=0, return_index=True, return_inverse=True)
    counts = np.zeros((len(start), tiles.counts.shape[1]), np.uint64)
    np.add.at(counts, tile_of_row.ravel(), tiles.counts[mine])
    yield from zip(start, tiles.stop[mine][row], counts, strict=True)
