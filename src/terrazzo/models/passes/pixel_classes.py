"""The classes of a block's pixels, where a mask may leave some of them out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.models.passes.declared import Seen
from terrazzo.regions.classes.annotation import NOT_ANNOTATED


def outside_masked(
    plane: NDArray[np.uint8], block: Block, seen: Seen, outside: int = NOT_ANNOTATED
) -> NDArray[np.uint8]:
    """Return a plane of a block's core with another value, by default that of no class, where the mask is False."""
    if seen.mask is None:
        return plane
    masked: NDArray[np.uint8] = np.where(seen.mask[block.core.within(seen.box)], plane, np.uint8(outside))
    return masked


def no_classes(block: Block) -> dict[str, Any]:
    """Return what a pass gives of a block where a mask leaves nothing: classes, all of them none."""
    return {"classes": np.full(block.core.shape, NOT_ANNOTATED, np.uint8)}
