"""Zarr v2 and v3: arrays, groups of one array, and OME-Zarr images 0.1 to 0.5."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import zarr

from terrazzo.errors import InputError
from terrazzo.io import ngff
from terrazzo.io.failures import require_level
from terrazzo.io.readers.description import Description
from terrazzo.io.readers.location import is_url

# Bio-Formats marks a collection so, and numbers the images inside from 0.
COLLECTION_MARK = "bioformats2raw.layout"
METADATA_FILES = ("zarr.json", ".zarray", ".zgroup")


def is_store(path: Path) -> bool:
    """Whether the directory is a Zarr array or group of either version."""
    return any((path / name).is_file() for name in METADATA_FILES)


def describe(path: str, level: int) -> Description:
    """Describe an array, the only array of a group, or a level of an OME image; see `Description`."""
    node = _opened(path)
    if isinstance(node, zarr.Array):
        require_level(path, level, 1)
        return _described("", node, axes=_dimension_names(node))
    ome = ngff.ome_metadata(node.attrs.asdict())
    if COLLECTION_MARK in ome and not ngff.is_multiscale(ome):
        image = _only_image(path, node)
        return _described_image(path, _group(node, image), f"{image}/", level)
    if "plate" in ome:
        raise InputError(f"'{path}' is a plate of many images; open one by its path, such as '{path}/{_field(ome)}'.")
    if ngff.is_multiscale(ome):
        return _described_image(path, node, "", level)
    arrays = sorted(node.array_keys())
    if len(arrays) != 1:
        advice = _advice(path, arrays, sorted(node.group_keys()))
        raise InputError(f"'{path}' is a Zarr group without an OME image{advice}.")
    require_level(path, level, 1)
    array = _array(node, arrays[0])
    return _described(arrays[0], array, axes=_dimension_names(array))


def open_array(path: str, key: str) -> zarr.Array[Any]:
    """Open the array at `key` inside the store, for reading."""
    return zarr.open_array(path, path=key, mode="r")


def telling_files(path: str, key: str) -> Iterator[str]:
    """Yield files of an array, by their names in the store, that tell by their stat whether it was written again.

    However many it has, these are its metadata and the chunks (shards, if it has them) in its corners and halfway
    between them; a chunk that holds nothing may not be there.
    """
    array, folder = open_array(path, key), f"{key}/" if key else ""
    yield folder + ("zarr.json" if array.metadata.zarr_format == 3 else ".zarray")
    counts = (-(-length // chunk) for length, chunk in zip(array.shape, array.shards or array.chunks, strict=True))
    for place in itertools.product(*(sorted({0, count // 2, count - 1}) for count in counts)):
        yield folder + array.metadata.encode_chunk_key(place)


def _opened(path: str) -> zarr.Array[Any] | zarr.Group:
    try:
        return zarr.open(path, mode="r")
    except FileNotFoundError as error:
        if not is_url(path):
            raise
        raise InputError(f"There is no Zarr store at '{path}'.") from error


def _only_image(path: str, node: zarr.Group) -> str:
    """Return the image of a collection that holds but one."""
    images = _images(node)
    if not images:
        raise InputError(f"'{path}' is a collection without an image; convert the original again.")
    if len(images) > 1:
        listed = ", ".join(f"'{name}'" for name in images[:5]) + (", ..." if len(images) > 5 else "")
        raise InputError(
            f"'{path}' holds {len(images)} images: {listed}; open one of them by its path, such as "
            f"'{path}/{images[0]}'."
        )
    return images[0]


def _images(node: zarr.Group) -> list[str]:
    """Paths of a collection's images: listed in its group "OME", else numbered from 0."""
    if "OME" in node:
        series = ngff.ome_metadata(node["OME"].attrs.asdict()).get("series")
        if isinstance(series, list):
            return [str(image) for image in series]
    return [str(number) for number in itertools.takewhile(lambda number: str(number) in node, itertools.count())]


def _field(ome: Mapping[str, Any]) -> str:
    wells = ome["plate"].get("wells") or [{"path": "A/1"}]
    return f"{wells[0]['path']}/0"


def _described_image(path: str, group: zarr.Group, prefix: str, level: int) -> Description:
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
        levels=len(levels),
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


def _advice(path: str, arrays: list[str], groups: list[str]) -> str:
    """Say what the group holds, so that the next try can name it."""
    names = [*arrays, *groups]
    if not names and is_url(path):
        return ", and its server does not list what it holds: give the URL of an image or an array inside it"
    if not names:
        return " and without arrays"
    listed = ", ".join(f"'{name}'" for name in names[:5])
    return f"; it holds {listed}{', ...' if len(names) > 5 else ''}: open one of these by its path"
