"""What counts as an image: an Image or an array; inside, a Dask array (c, y, x) or (c, z, y, x)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import dask.array as da
import numpy as np

from terrazzo.arguments import require_array
from terrazzo.blockwise.inputs.data_array import pixel_size_of, pixels_of, plane_of
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.image import Image
from terrazzo.io.images.unmasked import AS_MASK, FILLED, unmasked
from terrazzo.lattice import Lattice
from terrazzo.named_axes import names_axes
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

# of an annotation
UNANNOTATED = FILLED.format("annotation", NOT_ANNOTATED)

# An array with more channels than this whose last axis has 3 or 4 is one with the channels last.
MOST_CHANNELS_BY_SIGHT = 16

# an array may be one of xarray, which names its axes
ImageLike: TypeAlias = "Image | da.Array | np.ndarray[Any, Any] | Any"
Size: TypeAlias = "int | Sequence[int] | Lattice"


def image_array(image: ImageLike, spatial_axes: int | None = None) -> da.Array:
    """Return the image as a Dask array (c, y, x) or (c, z, y, x); no pixel is read.

    Parameters
    ----------
    image : Image or array, shape (y, x), (c, y, x), (z, y, x) or (c, z, y, x)
        An Image knows its own axes, and so does a DataArray of xarray, whatever their order.
    spatial_axes : int, optional
        How many the caller asks for: with 3, an array with three axes is (z, y, x), otherwise (c, y, x). An image
        that has others is returned as it is.

    Raises
    ------
    InputError
        If it has no two or three spatial axes, no pixel, values that are no real numbers, or a mask of its own.
    ParameterError
        If it is a path, or nothing that an array can be.
    """
    named = names_axes(image)
    require_array(image, "the image", "tz.open_image")
    dtype = getattr(image, "dtype", np.dtype(float))
    if dtype.kind not in "buif":
        # before Dask sees it, which asks how many bytes an object has
        raise InputError(f"the image holds {dtype} values; convert it to whole or floating-point numbers")
    array = (
        image.data if isinstance(image, Image) else unmasked(pixels_of(image) if named else image, "the image", AS_MASK)
    )
    if array.ndim not in (2, 3, 4):
        raise InputError(
            f"the image has {array.ndim} axes; it must be (y, x), (c, y, x) or (c, z, y, x), or (z, y, x) with three "
            "sizes"
        )
    if array.dtype.kind not in "buif":
        raise InputError(f"the image holds {array.dtype} values; convert it to whole or floating-point numbers")
    if 0 in array.shape:
        raise InputError(f"the image is empty (shape {array.shape}); it needs at least one pixel and one channel")
    if any(np.isnan(n) for n in array.shape):
        raise InputError("the image's shape is not known; call compute_chunk_sizes() on the array first")
    volume_alone = array.ndim == 3 and spatial_axes == 3 and not (named or isinstance(image, Image))
    if array.ndim == 2 or volume_alone:
        return array[None]
    if not named:
        _refuse_channels_last(array)
    return array


def plane_array(labels: ImageLike, what: str = "the annotation", instead: str = UNANNOTATED) -> da.Array:
    """Return labels, an annotation or a mask as a Dask array (y, x) or (z, y, x); no pixel is read.

    Parameters
    ----------
    labels : Image or array
    what, instead : str
        What it is called in messages, and what is to be given for a masked array.

    Raises
    ------
    InputError
        If an Image or a DataArray has more than one channel, or an array has a mask of its own.
    ParameterError
        If it is a path, or nothing that an array can be.
    """
    named = names_axes(labels)
    require_array(labels, what, "tz.open_labels or tz.open_annotation")
    if isinstance(labels, Image):
        return labels.plane
    return unmasked(plane_of(labels) if named else labels, what, instead)


def tells_size(image: ImageLike) -> bool:
    """Whether an image may say how large its pixels are: an Image and a DataArray, not an array."""
    return isinstance(image, Image) or names_axes(image)


def size_of(image: ImageLike) -> tuple[tuple[float, ...] | None, str | None]:
    """Return the size of a pixel along (y, x) or (z, y, x) and its unit, as far as the image says it."""
    if isinstance(image, Image):
        return image.pixel_size, image.pixel_unit
    return pixel_size_of(image) if names_axes(image) else (None, None)


def axis_names(count: int) -> str:
    """Return the names of `count` spatial axes, as sentences give them."""
    return f"({', '.join('zyx'[-count:])})"


def axes_of(size: Size) -> int | None:
    """Return the number of spatial axes that a size speaks of; None where one number serves any."""
    if isinstance(size, Lattice):
        return len(size.shape)
    return None if np.ndim(size) == 0 else len(size)  # type: ignore[arg-type]


def lattice_of(array: da.Array, size: Size) -> Lattice:
    """Return the lattice that `size` stands for on an image (c, y, x) or (c, z, y, x).

    Raises
    ------
    ParameterError
        If the size is none, or not one for this image.
    """
    axes, asked = array.ndim - 1, axes_of(size)
    if asked not in (None, axes):
        raise ParameterError(
            f"size is for {asked} axes and the image has {axes} {axis_names(axes)}; give one number or one per axis"
        )
    lattice = size if isinstance(size, Lattice) else Lattice.of(array, size)
    if lattice.shape != array.shape[1:]:
        raise ParameterError(
            f"the lattice covers {lattice.shape} pixels and the image {array.shape[1:]}; use Lattice.of(image, size)"
        )
    return lattice


def _refuse_channels_last(array: da.Array) -> None:
    if array.shape[-1] in (3, 4) and array.shape[0] > MOST_CHANNELS_BY_SIGHT:
        spatial = "zyx"[-(array.ndim - 1) :]
        last, first = (f"({', '.join(axes)})" for axes in (f"{spatial}c", f"c{spatial}"))
        raise InputError(
            f"an array of shape {array.shape} looks like {last}, and the axes must be {first}; "
            "use numpy.moveaxis(image, -1, 0)"
        )
