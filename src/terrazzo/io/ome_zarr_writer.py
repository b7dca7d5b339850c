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
from terrazzo.io.axes import RGB
from terrazzo.io.chunking import reading_chunks
from terrazzo.io.ngff import single_level

RENDERING_COLOURS = ("FFFFFF", "FF0000", "00FF00", "0000FF", "FF00FF", "FFFF00", "00FFFF")


def write_ome_zarr(
    path: str | os.PathLike[str],
    array: da.Array | NDArray[Any],
    *,
    axes: Literal["cyx", "yx"] = "cyx",
    pixel_size: tuple[float, float] | None = None,
    pixel_unit: str = "micrometer",
    channel_names: Sequence[str] | None = None,
    chunks: tuple[int, int] = (512, 512),
) -> None:
    """Write an image of one resolution as OME-Zarr 0.5, block by block.

    It is written under a temporary name beside `path` and renamed when it is complete, so that what stands at
    `path` is whole; what an interrupted run left is removed.

    Parameters
    ----------
    path : str or path
        The directory to make; it must not exist.
    array : dask.array.Array or numpy.ndarray
        Boolean, integer or floating values.
    axes : {"cyx", "yx"}
        What the axes of `array` are.
    pixel_size : tuple of float, optional
        (y, x) size of a pixel, in `pixel_unit`.
    pixel_unit : str
        Full English name of the unit.
    channel_names : sequence of str, optional
        One name per channel; needs axes "cyx".
    chunks : tuple of int
        (y, x) lengths of a stored chunk; each holds one channel.

    Raises
    ------
    InputError
        If `path` exists, or `array` is empty or of another type.
    ParameterError
        If `axes` does not fit `array`, or `channel_names` does not fit its channels.
    """
    target = Path(path).expanduser().absolute()
    source = _checked(target, array, axes, channel_names)
    partial = target.with_name(f".{target.name}.partial")
    if partial.exists():
        shutil.rmtree(partial)
    ome = _metadata(target.name, source.dtype, axes, pixel_size, pixel_unit, channel_names)
    group = zarr.create_group(partial, attributes={"ome": ome})
    stored = group.create_array(
        "0",
        shape=source.shape,
        dtype=source.dtype,
        chunks=_stored_chunks(source.shape, chunks),
        dimension_names=list(axes),
    )
    _write_blocks(source, stored)
    partial.rename(target)


def _checked(path: Path, array: da.Array | NDArray[Any], axes: str, channel_names: Sequence[str] | None) -> da.Array:
    if path.exists():
        raise InputError(f"'{path}' exists; remove it or write somewhere else.")
    if axes not in ("cyx", "yx") or len(axes) != array.ndim:
        raise ParameterError(f"axes='{axes}' does not fit an array of {array.ndim} axes; use 'cyx' or 'yx'.")
    if array.dtype.kind not in "buif" or 0 in array.shape:
        raise InputError(
            f"An array of type {array.dtype} and shape {array.shape} is no image; "
            "images are boolean, integer or floating and not empty."
        )
    channels = array.shape[0] if axes == "cyx" else 0
    if channel_names is not None and len(channel_names) != channels:
        raise ParameterError(f"channel_names has {len(channel_names)} names for {channels} channels.")
    if isinstance(array, da.Array):
        return array
    lazy: da.Array = da.from_array(array, chunks=-1, name=False)
    return lazy


def _stored_chunks(shape: tuple[int, ...], chunks: tuple[int, int]) -> tuple[int, ...]:
    plane = tuple(min(chunk, length) for chunk, length in zip(chunks, shape[-2:], strict=True))
    return (1,) * (len(shape) - 2) + plane


def _write_blocks(source: da.Array, stored: zarr.Array[Any]) -> None:
    """Write in blocks of whole stored chunks: two tasks in one stored chunk would undo each other's work."""
    flat = source.ndim == 2
    shape, unit = ((1, *source.shape), (1, *stored.chunks)) if flat else (source.shape, stored.chunks)
    blocks = reading_chunks(shape, unit, source.dtype.itemsize)
    aligned = source.rechunk(blocks[1:] if flat else blocks)
    da.store(aligned, stored, lock=False)


def _metadata(
    name: str,
    dtype: np.dtype,
    axes: str,
    pixel_size: tuple[float, float] | None,
    pixel_unit: str,
    channel_names: Sequence[str] | None,
) -> dict[str, Any]:
    ome: dict[str, Any] = {"version": "0.5", "multiscales": [single_level(name, axes, pixel_size, pixel_unit)]}
    if channel_names is not None:
        ome["omero"] = {"channels": _rendering(channel_names, dtype)}
    return ome


def _rendering(channel_names: Sequence[str], dtype: np.dtype) -> list[dict[str, Any]]:
    """Names with the colours and display ranges that the format requires beside them, pixels unseen."""
    top = int(np.iinfo(dtype).max) if dtype.kind in "ui" else 1
    window = {"min": 0, "max": top, "start": 0, "end": top}
    colours = RENDERING_COLOURS[1:4] if tuple(channel_names) == RGB else RENDERING_COLOURS
    return [
        {"label": name, "color": colours[index % len(colours)], "window": window, "active": True}
        for index, name in enumerate(channel_names)
    ]
