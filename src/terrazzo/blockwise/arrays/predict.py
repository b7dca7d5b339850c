"""Predict the classes of a Dask array, lazily."""

from __future__ import annotations

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.arrays.segmented_blocks import segmented_blocks
from terrazzo.blockwise.inputs.halo_cost import warn_of_halo
from terrazzo.blockwise.inputs.image_array import ImageLike
from terrazzo.blockwise.inputs.masks import Mask, MaskLike, checked_mask
from terrazzo.blockwise.inputs.model_image import model_image, say_pixel_size
from terrazzo.blockwise.planning.model_grid import model_grid, model_window
from terrazzo.blockwise.runs.classified_blocks import classes_of_block
from terrazzo.blockwise.runs.classified_pixels import lazy_pixel_classes
from terrazzo.models.any_model import AnyModel
from terrazzo.models.device import choose_device
from terrazzo.models.gnn.classify_block import cells_needed
from terrazzo.models.gnn.model import Model
from terrazzo.models.unet.model import UNetModel


def predict(
    model: AnyModel, image: ImageLike, *, mask: MaskLike | None = None, device: str = "auto", block: int | None = None
) -> da.Array:
    """Return a lazy image of classes.

    Parameters
    ----------
    model : Model or UNetModel
        A fitted model.
    image : Image or array, shape (y, x), (c, y, x) or (c, z, y, x)
        With the axes and channels that the model was fitted on; any chunks. For a model of volumes an array with
        three axes is (z, y, x).
    mask : Image, array of bool or function, optional
        Which pixels get a class, as for `superpixels`; the others are 255.
    device : str
        Where the network runs: "auto", "cpu", "cuda" or "cuda:0".
    block : int, optional
        About how many pixels wide the blocks are that tasks work on; by default what suits the image and the kind of
        model. The image's chunks never change the answer;
        another block moves logits by rounding (1e-4), so that a class may differ on a tie.

    Returns
    -------
    dask.array.Array of uint8, shape (y, x) or (z, y, x)
        With the image's chunks: an index into `model.class_names`.

    Raises
    ------
    ModelError
        If the image's axes or its number of channels are not the model's.
    InputError
        If the array is no image, or the mask none of it; on compute, if a pixel inside the mask is NaN or infinite.
    """
    array = model_image(model, image)
    say_pixel_size(model, image)
    choose_device(device)
    inside = checked_mask(mask, array.shape[1:])
    grid = model_grid(model, array.shape[1:], block)
    warn_of_halo(grid, model_window(model))
    if isinstance(model, UNetModel):
        classes = lazy_pixel_classes(model, array, inside, device, grid)
    else:
        classes = _painted_classes(model, array, inside, device, grid)
    return classes.rechunk(array.chunks[1:])


def _painted_classes(model: Model, array: da.Array, mask: Mask, device: str, grid: BlockGrid) -> da.Array:
    """Return the classes of superpixels at their pixels, in the chunks of the grid."""
    blocks = segmented_blocks(array, mask, model.recipe, grid)
    token = tokenize(blocks.token, model.fingerprint(), device)
    name, model_key, reach = f"classes-{token}", f"model-{token}", cells_needed(model.layers)
    tasks = blocks.tasks | {model_key: model}
    for one in grid:
        ids, _ = blocks.label_keys(one)
        near = [blocks.graph_key(other) for other in grid.neighbours(one, reach)]
        tasks[(name, *one.index)] = (classes_of_block, model_key, one, ids, near, device)
    graph = HighLevelGraph.from_collections(name, tasks, dependencies=blocks.sources)
    return da.Array(graph, name, grid.chunks(), dtype=np.uint8)
