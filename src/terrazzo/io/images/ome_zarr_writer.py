"""Write an array of any size as an OME-Zarr 0.5 image."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import dask.array as da
import numpy as np
import zarr
from numpy.typing import NDArray

from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.stored_array import reading_chunks
from terrazzo.io.images.unmasked import unmasked
from terrazzo.io.ngff import rendering, single_level
from terrazzo.io.output_path import check_ending
from terrazzo.io.readers.axes import RGB

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
) -> None:
    """Write an image or a volume of one resolution as OME-Zarr 0.5, block by block.

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

    Raises
    ------
    InputError
        If `path` exists or its ending names another format, or `array` is empty, of another type or has a mask of its
        own.
    ParameterError
        If `axes` does not fit `array`, `channel_names` its channels, or `pixel_size` or `chunks` its spatial axes.
    """
    target = Path(path).expanduser().absolute()
    source = _checked(target, array, axes, channel_names)
    stored_chunks = _stored_chunks(source.shape, axes, chunks)
    ome = _metadata(target.name, source.dtype, axes, pixel_size, pixel_unit, channel_names)
    partial = target.with_name(f".{target.name}.partial")
    if partial.exists():
        shutil.rmtree(partial)
    group = zarr.create_group(partial, attributes={"ome": ome})
    stored = group.create_array(
        "0",
        shape=source.shape,
        dtype=source.dtype,
        chunks=stored_chunks,
        dimension_names=list(axes),
    )
    _write_blocks(source, stored, axes)
    partial.rename(target)


def _checked(path: Path, array: da.Array | NDArray[Any], axes: str, channel_names: Sequence[str] | None) -> da.Array:
    check_ending(path, "image")
    if path.exists():
        raise InputError(f"'{path}' exists; remove it or write somewhere else.")
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


def _metadata(
    name: str,
    dtype: np.dtype,
    axes: str,
    pixel_size: tuple[float, ...] | None,
    pixel_unit: str,
    channel_names: Sequence[str] | None,
) -> dict[str, Any]:
    ome: dict[str, Any] = {"version": "0.5", "multiscales": [single_level(name, axes, pixel_size, pixel_unit)]}
    if channel_names is not None:
        ome["omero"] = _rendering(channel_names, dtype)
    return ome


def _rendering(channel_names: Sequence[str], dtype: np.dtype) -> dict[str, Any]:
    """Names with the colours and display ranges that the format requires beside them, pixels unseen."""
    top = int(np.iinfo(dtype).max) if dtype.kind in "ui" else 1
    palette = RENDERING_COLOURS[1:4] if tuple(channel_names) == RGB else RENDERING_COLOURS
    colours = [palette[index % len(palette)] for index in range(len(channel_names))]
    return rendering(channel_names, colours, top)
