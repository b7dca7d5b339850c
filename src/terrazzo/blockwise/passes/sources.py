"""What passes read besides what earlier ones gave: an image, its mask, an annotation, numbers estimated once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.blockwise.inputs.masks import Mask
from terrazzo.blockwise.inputs.windows import Readable
from terrazzo.models.passes.declared import IMAGE, Own, Pass, Pixels
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.superpixels.block_labels import BlockLabels


@dataclass(frozen=True, eq=False)
class Sources:
    """What is there before the first pass.

    Parameters
    ----------
    image : StoredArray, dask.array.Array or ndarray, shape (c, y, x) or (c, z, y, x)
    mask : dask.array.Array of bool, function, or None
        Which pixels count.
    annotation : the same as image, shape (y, x) or (z, y, x), or None
        The class of each pixel; 255 is not annotated.
    estimates : mapping of str to float
        What was estimated of the whole image, by name.
    path : str
        The image's file, for messages; empty if there is none.
    """

    image: Readable
    mask: Mask = None
    annotation: Readable | None = None
    estimates: Mapping[str, float] = field(default_factory=dict)
    path: str = ""

    def of(self, name: str) -> Readable:
        """Return the image or the annotation."""
        found = self.image if name == IMAGE else self.annotation
        if found is None:
            raise LookupError(f"a pass reads the {name}, and there is none")
        return found


def leaves_nothing(read: Pixels, block: Block, mask: NDArray[np.bool_] | None) -> bool:
    """Whether a mask on the window of a read leaves nothing of what is asked about a block."""
    return mask is not None and not mask[read.asked(block).within(read.window(block))].any()


def all_empty(one: Pass, values: list[object]) -> bool:
    """Whether a pass reads what earlier ones gave of a block, and all of it is empty."""
    own = [value for read, value in zip(one.reads, values, strict=True) if isinstance(read, Own)]
    return bool(own) and all(map(_is_empty, own))


def _is_empty(value: object) -> bool:
    if isinstance(value, BlockGraph):
        return not value.ids.size
    return not np.any(value.ids if isinstance(value, BlockLabels) else np.asarray(value))
