"""Is this an image for that model?"""

from __future__ import annotations

import dask.array as da

from terrazzo.blockwise.image_array import ImageLike, axis_names, image_array
from terrazzo.errors import ModelError
from terrazzo.models.any_model import AnyModel


def model_image(model: AnyModel, image: ImageLike) -> da.Array:
    """Return an image as a Dask array (c, y, x) or (c, z, y, x), with the axes and channels of the model.

    Raises
    ------
    InputError
        If it is no image.
    ModelError
        If the model was fitted on images with other axes or channels.
    """
    axes = model.axes
    array = image_array(image, axes)
    if array.ndim - 1 != axes:
        raise ModelError(
            f"the image has the spatial axes {axis_names(array.ndim - 1)} and the model was fitted on "
            f"{axis_names(axes)}; give an image with the same axes or fit a model on this one"
        )
    model.check_channels(array.shape[0])
    return array
