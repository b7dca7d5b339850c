"""Write an array of any size as an OME-Zarr 0.5 image, of one resolution or several."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import dask.array as da
import numpy as np
import zarr
from numpy.typing import NDArray

from terrazzo.arguments import described, is_array
from terrazzo.blocks import STORAGE_CHUNKS_PER_BLOCK, BlockGrid
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.image import Image
from terrazzo.io.images.stored_array import reading_chunks
from terrazzo.io.images.unmasked import unmasked
from terrazzo.io.levels.coarse import Sampling, sampling_of
from terrazzo.io.levels.level_arrays import LevelArrays
from terrazzo.io.levels.pyramid import Pyramid
from terrazzo.io.ngff import multiscale, rendering
from terrazzo.io.output_path import check_ending
from terrazzo.io.readers.axes import RGB
from terrazzo.lattice import Lattice

AXES = ("cyx", "yx", "czyx", "zyx")
IMAGE_CHUNK, VOLUME_CHUNK = (512, 512), (64, 128, 128)
RENDERING_COLOURS = ("FFFFFF", "FF0000", "00FF00", "0000FF", "FF00FF", "FFFF00", "00FFFF")


def write_ome_zarr(
    path: str | os.PathLike[str],
    array: da.Array | NDArray[Any],
    *,
    axes: Literal["cyx", "yx", "czyx", "zyx"] = "cyx",
    pixel_size: tuple[float, ...] | None = None,
    pixel_unit: str = "micrometer",
    channel_names: Sequence[str] | None = None,
    chunks: tuple[int, ...] | None = None,
    levels: Sampling | None = None,
) -> None:
    """Write an image or a volume as OME-Zarr 0.5, block by block.

    It is written under a temporary name beside `path` and renamed when it is complete, so that what stands at
    `path` is whole; what an interrupted run left is removed.

    Parameters
    ----------
    path : str or path
        The directory to make; it must not exist.
    array : dask.array.Array or numpy.ndarray
        Boolean, integer or floating values.
    axes : {"cyx", "yx", "czyx", "zyx"}
        What the axes of `array` are. Labels and annotations are written without c.
    pixel_size : tuple of float, optional
        (y, x) size of a pixel in `pixel_unit`; (z, y, x) of a volume.
    pixel_unit : str
        Full English name of the unit.
    channel_names : sequence of str, optional
        One name per channel; needs an axis c.
    chunks : tuple of int, optional
        (y, x) or (z, y, x) lengths of a stored chunk, which holds one channel; by default (512, 512) or
        (64, 128, 128).
    levels : {"mean", "nearest"}, optional
        Write coarser levels as well, of half the rows and columns each, until one fits into a chunk: for images the
        mean of the pixels that one covers, for labels the first of them. By default there is one level.

    Raises
    ------
    InputError
        If `path` exists or its ending names another format, or `array` is empty, of another type or has a mask of its
        own.
    ParameterError
        If `axes` does not fit `array`, `channel_names` its channels, or `pixel_size` or `chunks` its spatial axes; if
        `levels` is another word.
    """
    check_levels(levels)
    check_ending(path, "image")
    target = Path(path).expanduser().absolute()
    source = _checked(target, array, axes, channel_names)
    stored_chunks = _stored_chunks(source.shape, axes, chunks)
    lead = axes.count("c")
    extent, chunk = source.shape[lead:], stored_chunks[lead:]
    pyramid = pyramid_of(extent, chunk) if levels else Pyramid(extent, chunk, ((1,) * len(extent),))
    sampling = sampling_of(source.dtype, levels or "nearest")
    ome = image_metadata(
        target.name,
        source.dtype,
        axes,
        pixel_size,
        pixel_unit=pixel_unit,
        channel_names=channel_names,
        factors=pyramid.factors,
        sampling=sampling,
    )
    partial = target.with_name(f".{target.name}.partial")
    if partial.exists():
        shutil.rmtree(partial)
    arrays = LevelArrays(str(partial), pyramid, source.shape[0] if lead else 0, sampling)
    arrays.create(zarr.create_group(partial, attributes={"ome": ome}), source.dtype)
    _write_blocks(source, zarr.open_array(partial, path="0", mode="r+"), axes)
    if levels:
        arrays.coarsen_all()
    partial.rename(target)


def _checked(path: Path, array: da.Array | NDArray[Any], axes: str, channel_names: Sequence[str] | None) -> da.Array:
    if path.exists():
        raise InputError(f"'{path}' exists; remove it or write somewhere else.")
    if isinstance(array, Image) or not (is_array(array) and hasattr(array, "ndim")):
        raise ParameterError(
            f"the array is {described(array)}, and one of Dask or numpy is wanted; make one, as with np.asarray; "
            "tz.write_image writes what tz.open_image opens"
        )
    if axes not in AXES or len(axes) != array.ndim:
        fitting = " or ".join(f"'{known}'" for known in AXES if len(known) == array.ndim) or f"one of {AXES}"
        raise ParameterError(f"axes='{axes}' does not fit an array of {array.ndim} axes; use {fitting}.")
    if array.dtype.kind not in "buif" or 0 in array.shape:
        raise InputError(
            f"An array of type {array.dtype} and shape {array.shape} is no image; "
            "images are boolean, integer or floating and not empty."
        )
    channels = array.shape[0] if "c" in axes else 0
    if channel_names is not None and len(channel_names) != channels:
        raise ParameterError(f"channel_names has {len(channel_names)} names for {channels} channels.")
    lazy: da.Array = array if isinstance(array, da.Array) else da.from_array(array, chunks=-1, name=False)
    return unmasked(lazy, "the array", "da.ma.filled(array, value), with a value for what is masked")


def _stored_chunks(shape: tuple[int, ...], axes: str, chunks: tuple[int, ...] | None) -> tuple[int, ...]:
    chunk = chunks or (VOLUME_CHUNK if "z" in axes else IMAGE_CHUNK)
    spatial = axes.removeprefix("c")
    if len(chunk) != len(spatial):
        raise ParameterError(f"chunks has {len(chunk)} entries; the axes '{spatial}' need {len(spatial)}.")
    clipped = tuple(min(pixels, length) for pixels, length in zip(chunk, shape[-len(chunk) :], strict=True))
    return (1,) * (len(shape) - len(chunk)) + clipped


def _write_blocks(source: da.Array, stored: zarr.Array[Any], axes: str) -> None:
    """Write in blocks of whole stored chunks: two tasks in one stored chunk would undo each other's work."""
    one = () if "c" in axes else (1,)
    blocks = reading_chunks((*one, *source.shape), (*one, *stored.chunks), source.dtype.itemsize)
    aligned = source.rechunk(blocks[len(one) :])
    da.store(aligned, stored, lock=False)


def check_levels(levels: str | None) -> None:
    """Raise a ParameterError unless levels are a way of sampling, or none."""
    if levels not in (None, *get_args(Sampling)):
        raise ParameterError(f"levels is '{levels}'; it must be 'mean', 'nearest' for labels, or None for one level")


def pyramid_of(extent: tuple[int, ...], chunk: tuple[int, ...]) -> Pyramid:
    """Return the levels of an image that is stored in chunks; its blocks are four chunks wide."""
    return Pyramid.of(BlockGrid(Lattice(extent, chunk), (STORAGE_CHUNKS_PER_BLOCK,) * len(chunk)))


def image_metadata(
    name: str,
    dtype: np.dtype,
    axes: str,
    pixel_size: tuple[float, ...] | None,
    *,
    pixel_unit: str | None,
    channel_names: Sequence[str] | None,
    factors: Sequence[Sequence[int]],
    sampling: Sampling,
) -> dict[str, Any]:
    """Return what the group of an image says of it, with its levels "0", "1", …; see `multiscale`."""
    arrays: Mapping[str, Sequence[int]] = {str(level): steps for level, steps in enumerate(factors)}
    entry = multiscale(name, axes, pixel_size, pixel_unit, arrays, sampling=sampling)
    ome: dict[str, Any] = {"version": "0.5", "multiscales": [entry]}
    if channel_names is not None:
        ome["omero"] = _rendering(channel_names, dtype)
    return ome


def _rendering(channel_names: Sequence[str], dtype: np.dtype) -> dict[str, Any]:
    """Names with the colours and display ranges that the format requires beside them, pixels unseen."""
    top = int(np.iinfo(dtype).max) if dtype.kind in "ui" else 1
    palette = RENDERING_COLOURS[1:4] if tuple(channel_names) == RGB else RENDERING_COLOURS
    colours = [palette[index % len(palette)] for index in range(len(channel_names))]
    return rendering(channel_names, colours, top)
