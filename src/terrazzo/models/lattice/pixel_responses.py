"""The filter responses that pixels decide by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.models.passes.declared import Seen
from terrazzo.regions.statistics.core_responses import CoreResponses
from terrazzo.regions.statistics.filter_bank import EIGEN_BANK, responses_at
from terrazzo.regions.superpixels.single_precision import single_precision, usable

BANK = EIGEN_BANK
"""The only bank that there is for them, so far: files name it."""


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
    """Return the responses (K, P) of some pixels, which are named in the whole image."""
    return responses_at(BANK, _pixels(seen), seen.box, places)


def _pixels(seen: Seen) -> NDArray[np.float32]:
    """Return the pixels that were seen; outside a mask they may be NaN, which counts as 0."""
    pixels = seen.pixels
    if seen.mask is not None and not seen.mask.all():
        pixels = np.where(seen.mask | usable(pixels), pixels, 0)
    return single_precision(pixels, seen.box)
