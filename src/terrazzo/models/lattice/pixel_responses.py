"""The filter responses that pixels decide by."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.ledger import stage
from terrazzo.models.passes.declared import Seen
from terrazzo.regions.statistics.core_responses import CoreResponses
from terrazzo.regions.statistics.filter_bank import EIGEN_BANK, responses_at
from terrazzo.regions.superpixels.single_precision import single_precision, usable

BANK = EIGEN_BANK
"""The only bank that there is for them, so far: files name it."""

SIDE = 512
"""Pixels along a side of the tiles of a block whose responses are held at once: their memory serves the next tile."""

TILE = 256
"""Pixels along a side of the tiles in each of which the places of some pixels are taken together."""

MOST_FILTERED = 0.7
"""The share of a window that is filtered in parts, at most; otherwise all of it is."""


def response_columns(channels: int) -> tuple[str, ...]:
    """Return the names of the responses of a pixel."""
    return BANK.columns(channels)


def response_window(block: Block) -> Box:
    """Return the pixels that the responses on a block's core depend on."""
    return BANK.window(block.core, block.lattice.shape)


def response_tiles(block: Block) -> Iterator[Box]:
    """Yield the tiles of a block's core whose responses are computed one after the other."""
    core = block.core
    wide = tuple(min(SIDE, length) for length in core.shape[-2:])
    deep = (max(1, SIDE**2 // math.prod(wide)),) * (len(core.shape) - 2)
    sides = (*deep, *wide)
    starts = (range(first, last, side) for first, last, side in zip(core.start, core.stop, sides, strict=True))
    for start in itertools.product(*starts):
        yield Box(start, tuple(min(a + side, b) for a, side, b in zip(start, sides, core.stop, strict=True)))


def responses_where(seen: Seen, block: Block, asked: NDArray[np.bool_]) -> Iterator[CoreResponses]:
    """Yield the responses of what of each tile of a block holds all its pixels that are asked.

    Parameters
    ----------
    seen : Seen
        The pixels of `response_window`.
    block : Block
    asked : ndarray of bool, shape (y, x) or (z, y, x)
        On the core.
    """
    for tile in response_tiles(block):
        part = _box_of(asked[tile.within(block.core)], tile.start)
        if part is not None:
            with stage("responses of pixels"):
                box = BANK.window(part, block.lattice.shape)
                inside = box.within(seen.box)
                mask = None if seen.mask is None else seen.mask[inside]
                pixels = _pixels(Seen(box, np.ascontiguousarray(seen.pixels[(slice(None), *inside)]), mask))
                found = CoreResponses.of(BANK, pixels, box, part)
            yield found
            # before those of the next tile
            del found


def _box_of(asked: NDArray[np.bool_], start: tuple[int, ...]) -> Box | None:
    """Return the smallest box that holds what is asked, where `asked` begins at `start`; None if nothing is."""
    axes = range(asked.ndim)
    held = [np.flatnonzero(asked.any(axis=tuple(other for other in axes if other != axis))) for axis in axes]
    if not held[0].size:
        return None
    ends = [(first + int(at[0]), first + int(at[-1]) + 1) for first, at in zip(start, held, strict=True)]
    return Box(*zip(*ends, strict=True))


def some_responses(seen: Seen, places: tuple[NDArray[np.int64], ...]) -> NDArray[np.float32]:
    """Return the responses (K, P) of some pixels, which are named in the whole image.

    Where few places are asked for, as those of a stroke, no more than what is around them is filtered.
    """
    pixels, near = _pixels(seen), list(_around(places, seen.box))
    if sum(math.prod(box.shape) for box, _ in near) > MOST_FILTERED * math.prod(seen.box.shape):
        return responses_at(BANK, pixels, seen.box, places)
    found = np.empty((len(response_columns(len(pixels))), len(places[0])), np.float32)
    for box, rows in near:
        window = np.ascontiguousarray(pixels[(slice(None), *box.within(seen.box))])
        found[:, rows] = responses_at(BANK, window, box, tuple(place[rows] for place in places))
    return found


def _around(places: tuple[NDArray[np.int64], ...], seen: Box) -> Iterator[tuple[Box, NDArray[np.int64]]]:
    """Yield a window around the places in each tile that has some, and which these are."""
    tiles = np.stack([place // TILE for place in places[-2:]], axis=1)
    of_tile = np.unique(tiles, axis=0, return_inverse=True)[1].ravel()
    order = np.argsort(of_tile, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(of_tile[order])) + 1):
        if rows.size:
            here = [place[rows] for place in places]
            box = Box(tuple(int(at.min()) for at in here), tuple(int(at.max()) + 1 for at in here))
            yield BANK.window(box, seen.stop), rows


def _pixels(seen: Seen) -> NDArray[np.float32]:
    """Return the pixels that were seen; outside a mask they may be NaN, which counts as 0."""
    pixels = seen.pixels
    if seen.mask is not None and not seen.mask.all():
        pixels = np.where(seen.mask | usable(pixels), pixels, 0)
    return single_precision(pixels, seen.box)
