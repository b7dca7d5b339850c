"""The outlines of the classes in one block, and what its neighbours need to know to go on with them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from terrazzo.blocks import Block
from terrazzo.kernels.classes.outline import outlines

# what no class is: outside the image, or a class without outlines
NOTHING = -1


@dataclass(frozen=True, eq=False)
class Rim:
    """One side of a block, pixel by pixel: the class, -1 for none, and the region, 0 for none."""

    classes: NDArray[np.int16]
    regions: NDArray[np.int32]

    def touching(self, other: Rim) -> NDArray[np.int32]:
        """Return the pairs of regions of one class that touch across a seam, shape (N, 2), each once."""
        same = (self.classes == other.classes) & (self.regions > 0)
        return np.unique(np.stack([self.regions[same], other.regions[same]], axis=1), axis=0)


@dataclass(frozen=True, eq=False)
class BlockOutlines:
    """What a block knows of its regions, the 4-connected pieces of each class in it.

    Parameters
    ----------
    index : tuple of int
        Of the block.
    corners, offsets, chains
        As `outlines` returns them.
    classes : ndarray of uint8, shape (R + 1,)
        The class of each region; of 0 it means nothing.
    top, bottom, left, right : Rim
        The sides of the block.
    continued : ndarray of int64
        The regions that go on in the block below.
    """

    index: tuple[int, ...]
    corners: NDArray[np.int32]
    offsets: NDArray[np.int64]
    chains: NDArray[np.int64]
    classes: NDArray[np.uint8]
    top: Rim
    bottom: Rim
    left: Rim
    right: Rim
    continued: NDArray[np.int64]


def block_outlines(window: NDArray[np.uint8], block: Block, skipped: Collection[int]) -> BlockOutlines:
    """Return the outlines of the classes in a block's core.

    Parameters
    ----------
    window : ndarray of uint8
        The classes of the core and of one pixel around it, clipped to the image.
    block : Block
        Of an image (y, x).
    skipped : collection of int
        Classes that get no outline.
    """
    core, extent = block.core, block.lattice.shape
    clipped = [(int(a == 0), int(b == n)) for a, b, n in zip(core.start, core.stop, extent, strict=True)]
    known = np.where(np.isin(window, list(skipped)), np.int16(NOTHING), window.astype(np.int16))
    around = np.pad(known, clipped, constant_values=NOTHING)
    inner = around[1:-1, 1:-1]
    regions = label(inner, background=NOTHING, connectivity=1).astype(np.int32)
    start = (core.start[0], core.start[1])
    corners, offsets, chains = outlines(around, regions, start, extent[1])
    classes = np.zeros(regions.max(initial=0) + 1, np.uint8)
    classes[regions] = np.maximum(inner, 0)
    sides = (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1])
    top, bottom, left, right = (Rim(inner[side].copy(), regions[side].copy()) for side in sides)
    goes_on = (around[-1, 1:-1] == inner[-1]) & (regions[-1] > 0)
    continued = np.unique(regions[-1][goes_on]).astype(np.int64)
    return BlockOutlines(block.index, corners, offsets, chains, classes, top, bottom, left, right, continued)
