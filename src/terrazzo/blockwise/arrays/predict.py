"""Predict the classes of a Dask array, lazily."""

from __future__ import annotations

import dask.array as da

from terrazzo.blockwise.inputs.block_inputs import warn_of_halo
from terrazzo.blockwise.inputs.data_array import check_same_places, made_of
from terrazzo.blockwise.inputs.image_array import ImageLike
from terrazzo.blockwise.inputs.masks import MaskLike, checked_mask
from terrazzo.blockwise.inputs.model_image import model_image, say_channels, say_pixel_size, say_type
from terrazzo.blockwise.passes.lazy_passes import lazy_passes
from terrazzo.models.device import choose_device
from terrazzo.models.fitted_model import FittedModel
from terrazzo.named_axes import names_axes


def predict(
    model: FittedModel,
    image: ImageLike,
    *,
    mask: MaskLike | None = None,
    device: str = "auto",
    block: int | None = None,
) -> da.Array:
    """Return a lazy image of classes.

    Parameters
    ----------
    model : FittedModel
        Of any kind.
    image : Image or array, shape (y, x), (c, y, x) or (c, z, y, x)
        With the axes and channels that the model was fitted on; any chunks. For a model of volumes an array with
        three axes is (z, y, x). A DataArray of xarray names its axes, in any order.
    mask : Image, array of bool or function, optional
        Which pixels get a class, as for `superpixels`; the others are 255.
    device : str
        Where the network runs: "auto", "cpu", "cuda" or "cuda:0".
    block : int, optional
        About how many pixels wide the blocks are that tasks work on; by default what suits the image and the kind of
        model. The image's chunks never change the answer; another block moves logits by rounding (1e-4), so that a
        class may differ on a tie.

    Returns
    -------
    dask.array.Array of uint8, shape (y, x) or (z, y, x)
        With the image's chunks: an index into `model.class_names`. Of a DataArray it is one, as lazy, with its axes but
        for the channels and its coordinates.

    Raises
    ------
    ModelError
        If the image's axes or its number of channels are not the model's.
    InputError
        If the array is no image, or the mask none of it; on compute, if a pixel inside the mask is NaN or infinite.
    """
    array = model_image(model, image)
    say_pixel_size(model, image)
    say_type(model, array)
    say_channels(model, image)
    choose_device(device)
    check_same_places(image, mask, "the mask")
    inside = checked_mask(mask, array.shape[1:])
    grid = model.grid(array.shape[1:], block)
    warn_of_halo(grid, model.window)
    classes: da.Array = lazy_passes(model.passes(device), array, inside, grid).arrays["classes"]
    classes = classes.rechunk(array.chunks[1:])
    return made_of(image, classes, "classes", class_names=list(model.class_names)) if names_axes(image) else classes
