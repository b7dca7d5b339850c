"""Is this an image for that model, with pixels of the size and intensities of the kind that the model knows?"""

from __future__ import annotations

import logging

import dask.array as da

from terrazzo.arguments import A_MODEL, require
from terrazzo.blockwise.inputs.image_array import ImageLike, axis_names, image_array, size_of
from terrazzo.errors import ModelError
from terrazzo.io.images.image import Image
from terrazzo.io.images.image_levels import levels_of
from terrazzo.models.fitted_model import FittedModel
from terrazzo.pixel_size import is_same_size, size_ratio
from terrazzo.regions.intensities.image_intensities import ImageIntensities
from terrazzo.regions.intensities.moved_channels import moved_channels
from terrazzo.regions.intensities.unlike import dtype_note, unlike

_log = logging.getLogger(__name__)


def model_image(model: FittedModel, image: ImageLike) -> da.Array:
    """Return an image as a Dask array (c, y, x) or (c, z, y, x), with the axes and channels of the model.

    Raises
    ------
    InputError, ParameterError
        If it is no image, or the model is none.
    ModelError
        If the model was fitted on images with other axes or channels.
    """
    require(model, FittedModel, *A_MODEL)
    axes = model.axes
    array = image_array(image, axes)
    if array.ndim - 1 != axes:
        raise ModelError(
            f"the image has the spatial axes {axis_names(array.ndim - 1)} and the model was fitted on "
            f"{axis_names(axes)}; give an image with the same axes or fit a model on this one"
        )
    model.check_image(array.shape[0], array.dtype)
    return array


def say_pixel_size(model: FittedModel, image: ImageLike) -> None:
    """Log a warning where there is a `pixel_size_note`."""
    note = pixel_size_note(model, image)
    if note is not None:
        _log.warning("%s", note)


def pixel_size_note(model: FittedModel, image: ImageLike) -> str | None:
    """Return a sentence where the pixels of an image differ from those that a model was fitted at by more than 5 %.

    It names the level that would fit, if there is one. Nothing is said where a size is not known.
    """
    size = size_of(image) if model.pixel_size else (None, None)
    ratio = size_ratio(*size, model.pixel_size, model.pixel_unit)
    if ratio is None or is_same_size(ratio):
        return None
    which, what_fits = "the image", "fit a model at this size or resample the image"
    if isinstance(image, Image):
        which, what_fits = f"'{image.path}'", _what_fits(model, image)
    return (
        f"the pixels of {which} are {ratio:.3g} times as wide as those that the model was fitted at: "
        f"{_sized(*size)} and {_sized(model.pixel_size, model.pixel_unit)}; {what_fits}"
    )


def say_channels(model: FittedModel, image: ImageLike) -> None:
    """Log a warning where there is a `channel_note`."""
    note = channel_note(model, image)
    if note is not None:
        _log.warning("%s", note)


def channel_note(model: FittedModel, image: ImageLike) -> str | None:
    """Return a sentence where channels of an image have, by their names, other places than in the images of the fit."""
    names = None if model.seen is None else model.seen.names
    if names is None or not isinstance(image, Image):
        return None
    said = moved_channels(image.channels, names)
    return None if said is None else f"'{image.path}' {said} than the images of the fit; write it in their order"


def say_type(model: FittedModel, image: da.Array) -> None:
    """Log a warning where the type of an image, of which nothing else is known yet, is none that a model has seen."""
    note = None if model.seen is None else dtype_note(image.dtype, model.seen)
    if note is not None:
        _log.warning("%s", note)


def intensity_note(model: FittedModel, found: ImageIntensities | None, path: str) -> str | None:
    """Return a sentence where the intensities of the image at a path are unlike those that a model has seen."""
    if model.seen is None or found is None:
        return None
    said = unlike(found, model.seen)
    return None if said is None else f"'{path}' is unlike the images that the model was fitted on: {said}"


def _what_fits(model: FittedModel, image: Image) -> str:
    levels = levels_of(image)
    in_units = [size_ratio(level.pixel_size, image.pixel_unit, model.pixel_size, model.pixel_unit) for level in levels]
    fitting = [level.number for level, ratio in zip(levels, in_units, strict=True) if ratio and is_same_size(ratio)]
    if fitting:
        return f"level {fitting[0]} of the image would fit"
    return "no level of the image fits, so fit a model at this size or resample the image"


def _sized(size: tuple[float, ...] | None, unit: str | None) -> str:
    return f"{' x '.join(f'{length:.4g}' for length in size or ())}{f' {unit}' if unit else ''}"
