"""In which blocks does a model work on an image?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.lattice import Lattice
from terrazzo.models.any_model import AnyModel
from terrazzo.models.unet.classify_pixels import pixel_grid, pixel_window
from terrazzo.models.unet.model import UNetModel


def model_grid(model: AnyModel, extent: tuple[int, ...], block: int | None = None) -> BlockGrid:
    """Return the blocks of an image of this extent, about `block` pixels wide.

    Those of a graph neural network are whole superpixels, those of a U-Net whole strides.
    """
    if isinstance(model, UNetModel):
        return pixel_grid(model.network.description, extent, block)
    return BlockGrid.of(Lattice(extent, model.recipe.superpixels.size), block)


def model_window(model: AnyModel) -> Callable[[Block], Box]:
    """Return the function that tells which pixels a model reads for a block."""
    if isinstance(model, UNetModel):
        return partial(pixel_window, model.network.description)
    return model.recipe.window
