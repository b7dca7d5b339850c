"""Classify the pixels of a block by a U-Net: exactly as it would classify the whole image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.lattice import Lattice
from terrazzo.models.unet.description import UNetDescription
from terrazzo.models.unet.model import UNetModel
from terrazzo.models.unet.receptive_field import halo
from terrazzo.regions.classes.annotation import NOT_ANNOTATED
from terrazzo.regions.superpixels.block_labels import single_precision

# In pixels: a network with 16 channels at the image's resolution holds about 0.5 GB for such a block.
BLOCK_SIDE = {2: 1024, 3: 128}


def pixel_grid(description: UNetDescription, extent: tuple[int, ...], side: int | None = None) -> BlockGrid:
    """Return the blocks of an image for a U-Net: of whole strides, about `side` pixels wide.

    A cell of the grid's lattice is one stride, at least 2 pixels.
    """
    cell = tuple(max(2, stride) for stride in description.stride)
    return BlockGrid.of(Lattice(extent, cell), BLOCK_SIDE[len(extent)] if side is None else side)


def pixel_window(description: UNetDescription, block: Block) -> Box:
    """Return the pixels that the classes of a block's core depend on: whole strides, clipped to the image."""
    lattice = block.lattice
    margins = tuple(-(-reach // size) for reach, size in zip(halo(description), lattice.size, strict=True))
    return block.cells.grown(margins, lattice.cells).scaled(lattice.size, lattice.shape)


def pixel_logits(
    model: UNetModel,
    block: Block,
    pixels: NDArray[Any],
    mask: NDArray[np.bool_] | None = None,
    device: str = "cpu",
) -> NDArray[np.floating[Any]]:
    """Return the logits of each class at each pixel of a block's core, shape (classes, y, x) or (classes, z, y, x).

    Parameters
    ----------
    model : UNetModel
    block : Block
        Of the model's `pixel_grid`.
    pixels : ndarray, shape (c, y, x) or (c, z, y, x)
        Intensities of the block's `pixel_window`.
    mask : ndarray of bool, optional
        On the same window: where it is False pixels may be NaN or infinite, which counts as the mean intensity.
    device : str
        Where the network runs.

    Raises
    ------
    InputError
        If a pixel inside the mask is NaN or infinite.
    """
    window = pixel_window(model.network.description, block)
    if mask is not None and not mask.all():
        means = np.array(model.mean, np.float32).reshape((-1,) + (1,) * model.axes)
        pixels = np.where(mask | np.isfinite(pixels), pixels, means)
    logits = model.logits(single_precision(pixels, window), device=device)
    return logits[(slice(None), *block.core.within(window))]


def classify_pixels(
    model: UNetModel,
    block: Block,
    pixels: NDArray[Any],
    mask: NDArray[np.bool_] | None = None,
    device: str = "cpu",
) -> NDArray[np.uint8]:
    """Return the class of each pixel of a block's core, 255 outside the mask; see `pixel_logits`."""
    inside = None if mask is None else mask[block.core.within(pixel_window(model.network.description, block))]
    if inside is not None and not inside.any():
        return np.full(block.core.shape, NOT_ANNOTATED, np.uint8)
    classes: NDArray[np.uint8] = pixel_logits(model, block, pixels, mask, device).argmax(axis=0).astype(np.uint8)
    return classes if inside is None else np.where(inside, classes, np.uint8(NOT_ANNOTATED))
