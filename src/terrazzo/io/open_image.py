"""Open an image or a label image, whatever its format."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from terrazzo.errors import InputError
from terrazzo.io.axes import channel_names, settled_axes
from terrazzo.io.chunking import reading_chunks
from terrazzo.io.description import Description
from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.formats import READERS, kind_of
from terrazzo.io.image import Image
from terrazzo.io.stored_array import StoredArray

FORMAT_NAMES = {"zarr": "Zarr", "tiff": "TIFF", "raster": "PNG or JPEG", "npy": "NPY"}


def open_image(path: str | os.PathLike[str], *, level: int = 0, axes: str | None = None) -> Image:
    """Open an image without reading its pixels.

    Read are Zarr v2 and v3 (an array, a group with one array, OME-Zarr up to 0.5), TIFF (plain, tiled,
    pyramidal, OME-TIFF), PNG, JPEG and NPY. Of a file with several images the first is taken. An alpha
    channel of a PNG is left out. A PNG, a JPEG or a compressed TIFF in one
    strip is decoded whole by each process that reads from it.

    Parameters
    ----------
    path : str or path
        A file, or the directory of a Zarr store or of a group inside one.
    level : int
        Resolution level of a pyramid, 0 being the finest.
    axes : str, optional
        The axes of the file in their order, such as "yx", "cyx" or "yxc". By default the file's own metadata;
        else two axes are "yx", and three are "yxc" when the last has length 3 or 4 and the first has not, and
        "cyx" when the first is no longer than 16.

    Returns
    -------
    Image
        Of (c, y, x) data of a boolean, integer or floating type. Axes t and z of length 1 are dropped.

    Raises
    ------
    InputError
        If there is no image at `path`, it cannot be read, is empty, has values of another type or no such
        level, or its axes cannot be told or include z or t longer than 1.
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
        Of one channel and an integer type; its `plane` is the (y, x) Dask array.

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
        raise InputError(
            f"'{location}' has {len(image.channels)} channels; labels have one: save one integer per pixel."
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
    shape = _canonical(named, description.shape)
    stored_chunks = _canonical(named, description.chunks) if description.chunks else None
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
    return Image(stored, channels or (), description.pixel_size, description.pixel_unit, level)


def _canonical(axes: str, lengths: tuple[int, ...]) -> tuple[int, int, int]:
    """Lengths along (c, y, x); without a channel axis there is one channel."""
    by_axis = dict(zip(axes, lengths, strict=True))
    return by_axis.get("c", 1), by_axis["y"], by_axis["x"]
