"""Open an image, a volume or a label image of either, whatever its format."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from terrazzo.errors import InputError, ParameterError
from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.images.image import Image
from terrazzo.io.images.image_levels import levels_of, nearest_level, scaled
from terrazzo.io.images.stored_array import StoredArray, reading_chunks
from terrazzo.io.readers.axes import IMAGE_AXES, channel_names, in_image_order, settled_axes
from terrazzo.io.readers.description import Description
from terrazzo.io.readers.formats import is_drawn, kind_of
from terrazzo.io.readers.location import is_url, located
from terrazzo.io.readers.readers import READERS, modified
from terrazzo.io.readers.sizes import check_sizes
from terrazzo.pixel_size import MICROMETRE, in_unit

FORMAT_NAMES = {
    "zarr": "Zarr",
    "tiff": "TIFF",
    "raster": "PNG or JPEG",
    "npy": "NPY",
    "hdf5": "HDF5",
    "bioio": "an image of a microscope",
    "stack": "a stack",
}
OF_FILES = "see that it is whole and what its name says"
OF_URLS = "see that the address is right and its server can be reached"
Lengths = float | Sequence[float]


def open_image(
    path: str | os.PathLike[str],
    *,
    level: int = 0,
    axes: str | None = None,
    pixel_size: Lengths | None = None,
    calibration: Lengths | None = None,
    channels: Sequence[str] | None = None,
) -> Image:
    """Open an image or a volume without reading its pixels.

    Read are Zarr v2 and v3 (an array, a group with one array, OME-Zarr up to 0.5), also behind a URL; TIFF (plain,
    tiled, pyramidal, OME-TIFF, SVS), HDF5, PNG, JPEG and NPY; CZI, ND2 and LIF through bioio, where it is installed
    with its plugin; and stacks of such files. Of a TIFF with several images the first is taken; where a later one is
    larger, one has to be named. An alpha channel of a
    PNG or a TIFF is left out. A PNG, a JPEG or a compressed TIFF in one strip is decoded whole by each process that
    reads from it; a stack of such pages or files one by one, for each window anew.

    Parameters
    ----------
    path : str or path
        A file; the directory of a Zarr store or of a group inside one; a URL of either that fsspec opens, such as
        "https://host/a.zarr"; a dataset inside an HDF5 file, "a.h5/group/name"; one of several images inside a CZI, ND2
        or LIF file, "a.czi/name", or a TIFF, "a.tif/1"; or a pattern such as `sections/*.png`,
        which stacks what it matches, in the order of the numbers in the names, along the first of `axes`.
    level : int
        Resolution level of a pyramid, 0 being the finest.
    axes : str, optional
        The axes of the file in their order, such as "yx", "cyx", "yxc" or "zyx". By default the file's own metadata;
        where it has none two axes are "yx", and three are "yxc" when the last has length 3 or 4 and the first has not,
        and "cyx" when the first is no longer than 16. A volume, the pages of a plain TIFF and the files of a stack are
        never guessed.
    pixel_size : float or sequence of float, optional
        In place of `level`: the level whose pixels are nearest to this size along y and x is opened. In micrometres, or
        in the file's own measure where it names no unit; one number, or one per spatial axis.
    calibration : float or sequence of float, optional
        The size of a pixel of level 0 in micrometres, in place of what the file says; one number, or one per spatial
        axis.
    channels : sequence of str, optional
        Names of the channels, in place of what the file says.

    Returns
    -------
    Image
        Of (c, y, x) data of a boolean, integer or floating type; of (c, z, y, x) data where the file has a z axis
        longer than 1. Axes t and z of length 1 are dropped.

    Raises
    ------
    InputError
        If there is no image at `path`, it cannot be read, is empty, has values of another type or no such
        level, its axes cannot be told or include t longer than 1, or a level is wanted by the size of its pixels and
        that is not known.
    ParameterError
        If `axes` is malformed, a size is not positive, there is not one name per channel, or `level` and `pixel_size`
        are both given.
    """
    image = _calibrated(_image(*_described(path, level), level=level, axes=axes), calibration)
    if channels is not None:
        image = replace(image, channels=_names(channels, len(image.channels)))
    if pixel_size is None:
        return image
    if level != 0:
        raise ParameterError(f"level={level} and pixel_size={pixel_size} both choose a level; give one of them.")
    chosen = _level_of_size(image, pixel_size)
    return open_image(path, level=chosen, axes=axes, calibration=calibration, channels=channels)


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
    if is_drawn(path):
        raise InputError(
            f"'{path}' holds shapes, and labels hold one integer per pixel; open shapes with open_annotation, or write "
            "them as labels first: write_ome_zarr(path, open_annotation(shapes, image).plane, axes='yx')"
        )
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


def _described(path: str | os.PathLike[str], level: int) -> tuple[str, str, Description]:
    location = located(path)
    kind = kind_of(location)
    advice = OF_URLS if is_url(location) else OF_FILES
    with reported_as_input_error(location, f"read as {FORMAT_NAMES[kind]}", advice):
        return location, kind, READERS[kind].describe(location, level)


def _image(path: str, kind: str, description: Description, *, level: int, axes: str | None) -> Image:
    if description.dtype.kind not in "buif":
        raise InputError(
            f"'{path}' holds values of type {description.dtype}; images are boolean, integer or floating: save it as "
            "one of these."
        )
    named = settled_axes(path, description.shape, asked=axes, found=description.axes)
    shape = in_image_order(named, description.shape, description.shape)
    stored_chunks = in_image_order(named, description.shape, description.chunks) if description.chunks else None
    check_sizes(path, shape, stored_chunks)
    dtype = description.dtype.newbyteorder("=")
    stored = StoredArray(
        path=path,
        kind=kind,
        key=description.key,
        axes=named,
        shape=shape,
        dtype=dtype,
        chunks=reading_chunks(shape, stored_chunks, dtype.itemsize),
        modified=modified(path, kind),
    )
    fits = description.channels is not None and len(description.channels) == shape[0]
    channels = description.channels if fits else channel_names(named, shape[0])
    size = _pixel_size(description.pixel_size, IMAGE_AXES[len(shape)][1:])
    return Image(stored, channels or (), size, description.pixel_unit if size else None, level, description.levels)


def _pixel_size(by_axis: Mapping[str, float] | None, spatial: str) -> tuple[float, ...] | None:
    return tuple(by_axis[axis] for axis in spatial) if by_axis and set(spatial) <= by_axis.keys() else None


def _calibrated(image: Image, calibration: Lengths | None) -> Image:
    """Return an image whose pixels have a size that is given for level 0."""
    if calibration is None:
        return image
    size = _lengths("calibration", calibration, len(image.axes))
    finest = image.extent if image.level == 0 else levels_of(image)[0].extent
    return replace(image, pixel_size=scaled(size, finest, image.extent), pixel_unit=MICROMETRE)


def _level_of_size(image: Image, pixel_size: Lengths) -> int:
    wanted = [in_unit(length, image.pixel_unit) for length in _lengths("pixel_size", pixel_size, len(image.axes))]
    chosen = nearest_level(levels_of(image), wanted)
    if chosen is None:
        raise InputError(
            f"'{image.path}' does not say how large its pixels are, so that no level can be chosen by pixel_size; give "
            "the size of a pixel of level 0 as calibration, or a level."
        )
    return chosen.number


def _lengths(name: str, given: Lengths, axes: int) -> tuple[float, ...]:
    lengths = tuple(map(float, np.broadcast_to(given, axes))) if np.size(given) in (1, axes) else ()
    if not lengths or not all(0 < length < np.inf for length in lengths):
        raise ParameterError(
            f"{name} is {given}; give one positive number, or one for each of the {axes} spatial axes."
        )
    return lengths


def _names(channels: Sequence[str], count: int) -> tuple[str, ...]:
    if isinstance(channels, str) or len(channels) != count:
        raise ParameterError(f"channels names {channels}; the image has {count}: give one name for each.")
    return tuple(map(str, channels))
