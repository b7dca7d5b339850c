"""Zarr v2 and v3: arrays, groups of one array, and OME-Zarr images 0.1 to 0.5."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import zarr

from terrazzo.errors import InputError
from terrazzo.io import ngff
from terrazzo.io.description import Description
from terrazzo.io.failures import require_level

# Bio-Formats marks a collection so, and numbers the images inside from 0.
COLLECTION_MARK = "bioformats2raw.layout"
METADATA_FILES = ("zarr.json", ".zarray", ".zgroup")


def is_store(path: Path) -> bool:
    """Whether the directory is a Zarr array or group of either version."""
    return any((path / name).is_file() for name in METADATA_FILES)


def describe(path: Path, level: int) -> Description:
    """Describe an array, the only array of a group, or a level of the first OME image; see `Description`."""
    node = zarr.open(path, mode="r")
    if isinstance(node, zarr.Array):
        require_level(path, level, 1)
        return _described("", node, axes=_dimension_names(node))
    ome = ngff.ome_metadata(node.attrs.asdict())
    if COLLECTION_MARK in ome and not ngff.is_multiscale(ome):
        return _described_image(path, _group(node, "0"), "0/", level)
    if ngff.is_multiscale(ome):
        return _described_image(path, node, "", level)
    arrays = sorted(node.array_keys())
    if len(arrays) != 1:
        raise InputError(f"'{path}' is a Zarr group without an OME image{_advice(arrays, sorted(node.group_keys()))}.")
    require_level(path, level, 1)
    array = _array(node, arrays[0])
    return _described(arrays[0], array, axes=_dimension_names(array))


def open_array(path: Path, key: str) -> zarr.Array[Any]:
    """Open the array at `key` inside the store, for reading."""
    return zarr.open_array(path, path=key, mode="r")


def telling_files(path: Path, key: str) -> Iterator[Path]:
    """Yield files of an array that tell by their stat whether it was written again, however many it has.

    These are its metadata and the chunks (shards, if it has them) in its corners and halfway between them; a chunk
    that holds nothing may not be there.
    """
    array, folder = open_array(path, key), path / key
    yield folder / ("zarr.json" if array.metadata.zarr_format == 3 else ".zarray")
    counts = (-(-length // chunk) for length, chunk in zip(array.shape, array.shards or array.chunks, strict=True))
    for place in itertools.product(*(sorted({0, count // 2, count - 1}) for count in counts)):
        yield folder / array.metadata.encode_chunk_key(place)


def _described_image(path: Path, group: zarr.Group, prefix: str, level: int) -> Description:
    ome: Mapping[str, Any] = ngff.ome_metadata(group.attrs.asdict())
    levels = ngff.levels(ome)
    require_level(path, level, len(levels))
    chosen = levels[level]
    return _described(
        prefix + chosen.path,
        _array(group, chosen.path),
        axes=chosen.axes,
        pixel_size=chosen.pixel_size,
        pixel_unit=chosen.pixel_unit,
        channels=ngff.channel_labels(ome),
    )


def _described(key: str, array: zarr.Array[Any], **metadata: Any) -> Description:
    return Description(key=key, shape=array.shape, dtype=array.dtype, chunks=array.chunks, **metadata)


def _dimension_names(array: zarr.Array[Any]) -> str | None:
    """Letters from v3 dimension names or xarray's attribute, where every name is one letter."""
    names = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS")
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) and len(name) == 1 for name in names):
        return None
    return "".join(names).lower()


def _array(group: zarr.Group, name: str) -> zarr.Array[Any]:
    found = group[name]
    if not isinstance(found, zarr.Array):
        raise KeyError(f"{name} is a group where an array was expected")
    return found


def _group(group: zarr.Group, name: str) -> zarr.Group:
    found = group[name]
    if not isinstance(found, zarr.Group):
        raise KeyError(f"{name} is an array where a group was expected")
    return found


def _advice(arrays: list[str], groups: list[str]) -> str:
    """Say what the group holds, so that the next try can name it."""
    names = [*arrays, *groups]
    if not names:
        return " and without arrays"
    listed = ", ".join(f"'{name}'" for name in names[:5])
    return f"; it holds {listed}{', ...' if len(names) > 5 else ''}: open one of these by its path"
