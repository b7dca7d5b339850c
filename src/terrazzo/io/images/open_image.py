"""Open an image, a volume or a label image of either, whatever its format."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from terrazzo.errors import InputError, ParameterError
from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.images.colour_coded import ColourCoded, is_coloured, unnamed_text
from terrazzo.io.images.image import Image
from terrazzo.io.images.image_levels import levels_of, nearest_level, scaled
from terrazzo.io.images.mapped_labels import MappedLabels
from terrazzo.io.images.stored_array import StoredArray, reading_chunks
from terrazzo.io.readers.axes import COMMAND_LINE, IMAGE_AXES, KNOWN_AXES, channel_names, in_image_order, settled_axes
from terrazzo.io.readers.description import Description
from terrazzo.io.readers.formats import is_drawn, kind_of
from terrazzo.io.readers.location import is_url, located
from terrazzo.io.readers.readers import READERS, modified
from terrazzo.io.readers.selection import Parts, Select, part_lengths, require_one_time, selected_parts
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
    select: Select | None = None,
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
    select : mapping of str to int or slice, optional
        One place along t, c or z, or a range of them, such as `{"t": 3}` or `{"c": 0, "z": slice(10, 20)}`; from 0, and
        of z in the level that is opened. Nothing else of the file is read.

    Returns
    -------
    Image
        Of (c, y, x) data of a boolean, integer or floating type; of (c, z, y, x) data where more than one place along a
        z axis is opened. Axes t and z of length 1 are dropped.

    Raises
    ------
    InputError
        If there is no image at `path`, it cannot be read, is empty, has values of another type or no such
        level, its axes cannot be told, it has more than one time and none is selected, it has no such place, or a level
        is wanted by the size of its pixels and that is not known.
    ParameterError
        If `axes` is malformed, a size is not positive, there is not one name per channel, or `level` and `pixel_size`
        are both given.
    """
    image = _calibrated(_image(*_described(path, level), level=level, axes=axes, select=select), calibration)
    if channels is not None:
        image = replace(image, channels=_names(channels, len(image.channels)))
    if pixel_size is None:
        return image
    if level != 0:
        raise ParameterError(f"level={level} and pixel_size={pixel_size} both choose a level; give one of them.")
    chosen = _level_of_size(image, pixel_size)
    return open_image(path, level=chosen, axes=axes, calibration=calibration, channels=channels, select=select)


def open_labels(
    path: str | os.PathLike[str],
    *,
    level: int = 0,
    axes: str | None = None,
    map: Mapping[int, int] | None = None,
    select: Select | None = None,
    colours: Sequence[str] | None = None,
) -> Image:
    """Open a label image or an annotation: one integer per pixel, or a colour for each class.

    A boolean image is read as 0 and 1, and one with a palette as the palette's indices.

    Parameters
    ----------
    path, level, axes, select
        As for `open_image`.
    map : mapping of int to int, optional
        What values are read as, each a class or 255, not annotated: ``{255: 1}`` of a mask of 0 and 255, ``{10: 0,
        20: 1, 30: 2, 0: 255}``. It is applied where the image is read. Other values stay as they are, unless one is
        what another becomes, such as a 1 beside ``{255: 1}``: that is an error where it is read, which ``{255: 1, 1:
        1}`` or ``{255: 1, 1: 255}`` settles.
    colours : sequence of str, optional
        `#rrggbb` of each class, in the order of the values, of an image in red, green and blue or with a palette; one
        of single numbers has no use for them. A pixel of exactly such a colour is of the class; any other colour, such
        as a mixture at an edge, and what is transparent, is 255, not annotated. One line of the log says how many
        pixels have other colours, by a few windows, which are read.

    Returns
    -------
    Image
        Of one channel and an integer type; its `plane` is the (y, x) or (z, y, x) Dask array.

    Raises
    ------
    InputError
        If the file has more than one channel and there are no colours, or values that are not integers, or as for
        `open_image`. The message lists the colours that were found.
    ParameterError
        If `axes` or `map` is malformed, or a colour is.
    """
    if is_drawn(path):
        raise InputError(
            f"'{path}' holds shapes, and labels hold one integer per pixel; open shapes with open_annotation, or write "
            "them as labels first: write_ome_zarr(path, open_annotation(shapes, image).plane, axes='yx')"
        )
    location, kind, description = _described(path, level)
    description = description.palette_indices or description
    image = _image(location, kind, description, level=level, axes=axes, select=select)
    coloured = len(image.channels) != 1 or (colours is not None and description.palette is not None)
    if coloured and map is not None:
        raise ParameterError(f"a map is for the values of label images, and '{location}' has colours; leave it out")
    if len(image.channels) != 1:
        return _coloured_labels(image, description.alpha, colours)
    if colours is not None and description.palette is not None:
        return replace(image, stored=ColourCoded.of(image.stored, colours, description.palette))
    if image.dtype.kind == "b":
        image = replace(image, stored=replace(image.stored, dtype=np.dtype(np.uint8)))
    if image.dtype.kind not in "ui":
        raise InputError(f"'{location}' holds {image.dtype} values; labels are integers: save one integer per pixel.")
    return image if map is None else replace(image, stored=MappedLabels.of(image.stored, map))


def axes_by_lengths(path: str | os.PathLike[str], lengths: Mapping[str, int], *, level: int) -> str | None:
    """Return the axes of a file that does not say them and is as long along each as told; None of any other file."""
    _, _, found = _described(path, level)
    found = found.palette_indices or found
    says = found.axes is not None and set(found.axes) <= set(KNOWN_AXES)
    return None if says or found.shape != tuple(lengths.values()) else "".join(lengths)


def axis_lengths(path: str | os.PathLike[str], *, level: int, axes: str | None) -> dict[str, int]:
    """Return how long each axis of a file is by its letter."""
    location, _, found = _described(path, level)
    shape = (found.palette_indices or found).shape
    named = settled_axes(location, shape, asked=axes, found=(found.palette_indices or found).axes)
    return dict(zip(named, shape, strict=True))


def _coloured_labels(image: Image, alpha: bool, colours: Sequence[str] | None) -> Image:
    """Return a label image in red, green and blue, with one channel more if that is alpha, as one of classes."""
    stored = replace(image.stored, shape=(4, *image.shape[1:])) if alpha and len(image.channels) == 3 else image.stored
    if colours is None or not is_coloured(stored):
        hint = f", or pass axes='zyx' if it is a volume ({COMMAND_LINE})" if stored.axes == "cyx" else ""
        raise InputError(
            f"'{image.path}' has {len(image.channels)} channels; labels have one{unnamed_text(stored)}{hint}."
        )
    return replace(image, stored=ColourCoded.of(stored, colours), channels=("classes",))


def _described(path: str | os.PathLike[str], level: int) -> tuple[str, str, Description]:
    location = located(path)
    kind = kind_of(location)
    advice = OF_URLS if is_url(location) else OF_FILES
    with reported_as_input_error(location, f"read as {FORMAT_NAMES[kind]}", advice):
        return location, kind, READERS[kind].describe(location, level)


def _image(
    path: str, kind: str, description: Description, *, level: int, axes: str | None, select: Select | None
) -> Image:
    if description.dtype.kind not in "buif":
        raise InputError(
            f"'{path}' holds values of type {description.dtype}; images are boolean, integer or floating: save it as "
            "one of these."
        )
    named = settled_axes(path, description.shape, asked=axes, found=description.axes)
    parts = selected_parts(path, named, description.shape, select)
    lengths = part_lengths(named, description.shape, parts)
    require_one_time(path, named, lengths)
    shape = in_image_order(named, lengths, lengths)
    stored_chunks = in_image_order(named, lengths, description.chunks) if description.chunks else None
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
        selected=parts,
    )
    channels = _channels(description, named, parts)
    size = _pixel_size(description.pixel_size, IMAGE_AXES[len(shape)][1:])
    return Image(stored, channels, size, description.pixel_unit if size else None, level, description.levels)


def _channels(description: Description, axes: str, parts: Parts) -> tuple[str, ...]:
    """Return the names of the channels that are selected, as the file has them, or made up."""
    count = dict(zip(axes, description.shape, strict=True)).get("c", 1)
    own = description.channels
    names = own if own is not None and len(own) == count else channel_names(axes, count)
    return next((names[part.start : part.stop] for part in parts if part.axis == "c"), names)


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
