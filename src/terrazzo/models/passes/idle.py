"""Is there nothing to do for a pass? Where a mask leaves nothing, or what earlier passes gave of a block is empty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.models.passes.declared import Own, Pass, Pixels
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.superpixels.block_labels import BlockLabels


def leaves_nothing(read: Pixels, block: Block, mask: NDArray[np.bool_] | None) -> bool:
    """Whether a mask on the window of a read leaves nothing of what is asked about a block."""
    return mask is not None and not mask[read.asked(block).within(read.window(block))].any()


def all_empty(one: Pass, values: Sequence[object]) -> bool:
    """Whether a pass reads what earlier ones gave of a block, and all of it is empty."""
    own = [value for read, value in zip(one.reads, values, strict=True) if isinstance(read, Own)]
    return bool(own) and all(map(_is_empty, own))


def _is_empty(value: object) -> bool:
    if isinstance(value, BlockGraph):
        return not value.ids.size
    return not np.any(value.ids if isinstance(value, BlockLabels) else np.asarray(value))
