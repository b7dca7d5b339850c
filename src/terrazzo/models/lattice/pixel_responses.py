"""The filter responses that pixels decide by."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.models.passes.declared import Seen
from terrazzo.regions.statistics.core_responses import CoreResponses
from terrazzo.regions.statistics.filter_bank import EIGEN_BANK, responses_at
from terrazzo.regions.superpixels.single_precision import single_precision, usable

BANK = EIGEN_BANK
"""The only bank that there is for them, so far: files name it."""

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


def core_responses(seen: Seen, block: Block) -> CoreResponses:
    """Return the responses of all pixels of a block's core, seen in its `response_window`."""
    return CoreResponses.of(BANK, _pixels(seen), seen.box, block.core)


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
