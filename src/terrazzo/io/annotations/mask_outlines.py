"""A mask as polygons along the edges of its pixels: drawn again they are the same pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.errors import InputError
from terrazzo.io.annotations.shape_parts import Part
from terrazzo.lattice import Lattice
from terrazzo.regions.outlines.block_outlines import block_outlines
from terrazzo.regions.outlines.join_outlines import OutlineJoiner

# one object's mask, with all that is between its pixels
MOST_MASK_PIXELS = 2**28
OUTSIDE, INSIDE = 0, 1


def mask_parts(mask: NDArray[np.bool_], corner: tuple[int, int]) -> list[Part]:
    """Return the 4-connected pieces of a mask with their holes.

    Parameters
    ----------
    mask : ndarray of bool, shape (y, x)
    corner : tuple of int
        Row and column of its first pixel in the image.
    """
    classes = np.pad(mask.astype(np.uint8), 1, constant_values=OUTSIDE)
    lattice = Lattice(classes.shape, classes.shape)
    joiner = OutlineJoiner(classes.shape[1])
    regions = joiner.add([block_outlines(classes, Block((0, 0), Box((0, 0), (1, 1)), lattice), {OUTSIDE})])
    # the margin around the mask moves its pixels by one
    shift = np.array(corner) - 1
    return [(True, [ring[:, ::-1].astype(np.float64) + shift for ring in region.rings]) for region in regions]


def check_mask_size(rows: int, columns: int) -> None:
    """Raise an InputError if a mask is too large to be held."""
    if rows * columns > MOST_MASK_PIXELS:
        raise InputError(
            f"its mask is {columns} x {rows} pixels, and at most {MOST_MASK_PIXELS} are read as one object; save it as "
            "a label image"
        )
