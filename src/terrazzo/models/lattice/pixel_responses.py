"""The filter responses of the pixels of a block that are asked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.models.passes.declared import Seen
from terrazzo.regions.statistics.filter_bank import bank_columns, bank_window, filter_bank
from terrazzo.regions.superpixels.block_labels import single_precision


def response_columns(channels: int) -> tuple[str, ...]:
    """Return the names of the responses of a pixel."""
    return bank_columns(channels)


def response_window(block: Block) -> Box:
    """Return the pixels that the responses on a block's core depend on."""
    return bank_window(block.core, block.lattice.shape)


class ResponsesOf:
    """The responses of pixels that were seen in a window: the function gives those of some places.

    Parameters
    ----------
    seen : Seen
        The pixels of `response_window`.
    """

    def __init__(self, seen: Seen) -> None:
        pixels = seen.pixels
        if seen.mask is not None and not seen.mask.all():
            pixels = np.where(seen.mask | np.isfinite(pixels), pixels, 0)
        self._window, self._box = single_precision(pixels, seen.box), seen.box

    def __call__(self, places: tuple[NDArray[np.int64], ...]) -> NDArray[np.float32]:
        """Return the responses (K, P) of pixels, which are named in the whole image."""
        return filter_bank(self._window, self._box, places)
