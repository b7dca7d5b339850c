"""Open an image, a volume or a label image of either, whatever its format."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from terrazzo.errors import InputError
from terrazzo.io.axes import IMAGE_AXES, channel_names, in_image_order, settled_axes
from terrazzo.io.chunking import reading_chunks
from terrazzo.io.description import Description
from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.formats import READERS, kind_of
from terrazzo.io.image import Image
from terrazzo.io.sizes import check_sizes
from terrazzo.io.stored_array import StoredArray

FORMAT_NAMES = {"zarr": "Zarr", "tiff": "TIFF", "raster": "PNG or JPEG", "npy": "NPY"}


def open_image(path: str | os.PathLike[str], *, level: int = 0, axes: str | None = None) -> Image:
    """Open an image or a volume without reading its pixels.

    Read are Zarr v2 and v3 (an array, a group with one array, OME-Zarr up to 0.5), TIFF (plain, tiled,
    pyramidal, OME-TIFF), PNG, JPEG and NPY. Of a file with several images the first is taken. An alpha
    channel of a PNG is left out. A PNG, a JPEG or a compressed TIFF in one strip is decoded whole by each process
    that reads from it; a stack of such TIFF pages page by page, for each window anew.

    Parameters
    ----------
    path : str or path
        A file, or the directory of a Zarr store or of a group inside one.
    level : int
        Resolution level of a pyramid, 0 being the finest.
    axes : str, optional
        The axes of the file in their order, such as "yx", "cyx", "yxc" or "zyx". By default the file's own metadata;
        else two axes are "yx", and three are "yxc" when the last has length 3 or 4 and the first has not, and
        "cyx" when the first is no longer than 16. A volume is never guessed.

    Returns
    -------
    Image
        Of (c, y, x) data of a boolean, integer or floating type; of (c, z, y, x) data where the file has a z axis
        longer than 1. Axes t and z of length 1 are dropped.

    Raises
    ------
    InputError
        If there is no image at `path`, it cannot be read, is empty, has values of another type or no such
        level, or its axes cannot be told or include t longer than 1.
    ParameterError
        If `axes` is malformed.
    """
    location, kind, description = _described(path, level)
    return _image(location, kind, description, level=level, axes=axes)


def open_labels(path: str | os.PathLike[str], *, level: int = 0, axes: str | None = None) -> Image:
    """Open a label image or an annotation: one integer per pixel.

    A boolean image is read as 0 and 1, and a PNG with a palette as the palette's indices.

    Parameters
    ----------
    path, level, axes
        As for `open_image`.

    Returns
    -------
    Image
        Of one channel and an integer type; its `plane` is the (y, x) or (z, y, x) Dask array.

    Raises
    ------
    InputError
        If the file has more than one channel or values that are not integers, or as for `open_image`.
    ParameterError
        If `axes` is malformed.
    """
    location, kind, description = _described(path, level)
    image = _image(location, kind, description.palette_indices or description, level=level, axes=axes)
    if len(image.channels) != 1:
        hint = ", or pass axes='zyx' if it is a volume" if image.stored.axes == "cyx" else ""
        raise InputError(
            f"'{location}' has {len(image.channels)} channels; labels have one: save one integer per pixel{hint}."
        )
    if image.dtype.kind == "b":
        return replace(image, stored=replace(image.stored, dtype=np.dtype(np.uint8)))
    if image.dtype.kind not in "ui":
        raise InputError(f"'{location}' holds {image.dtype} values; labels are integers: save one integer per pixel.")
    return image


def _described(path: str | os.PathLike[str], level: int) -> tuple[Path, str, Description]:
    location = Path(path).expanduser().absolute()
    kind = kind_of(location)
    with reported_as_input_error(location, f"read as {FORMAT_NAMES[kind]}"):
        return location, kind, READERS[kind].describe(location, level)


def _image(path: Path, kind: str, description: Description, *, level: int, axes: str | None) -> Image:
    if description.dtype.kind not in "buif":
        raise InputError(f"'{path}' holds values of type {description.dtype}; images are boolean, integer or floating.")
    named = settled_axes(path, description.shape, asked=axes, found=description.axes)
    shape = in_image_order(named, description.shape, description.shape)
    stored_chunks = in_image_order(named, description.shape, description.chunks) if description.chunks else None
    check_sizes(path, shape, stored_chunks)
    dtype = description.dtype.newbyteorder("=")
    stored = StoredArray(
        path=str(path),
        kind=kind,
        key=description.key,
        axes=named,
        shape=shape,
        dtype=dtype,
        chunks=reading_chunks(shape, stored_chunks, dtype.itemsize),
        modified=path.stat().st_mtime_ns,
    )
    fits = description.channels is not None and len(description.channels) == shape[0]
    channels = description.channels if fits else channel_names(named, shape[0])
    size = _pixel_size(description.pixel_size, IMAGE_AXES[len(shape)][1:])
    return Image(stored, channels or (), size, description.pixel_unit if size else None, level)


def _pixel_size(by_axis: Mapping[str, float] | None, spatial: str) -> tuple[float, ...] | None:
    return tuple(by_axis[axis] for axis in spatial) if by_axis and set(spatial) <= by_axis.keys() else None
