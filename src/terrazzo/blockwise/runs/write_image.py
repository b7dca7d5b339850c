"""Write a stored image of any format as OME-Zarr with coarser levels, one task per block."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import zarr
from distributed import Client

from terrazzo.arguments import AN_IMAGE, require
from terrazzo.blocks import Block
from terrazzo.blockwise.cluster.active_client import active_client
from terrazzo.blockwise.cluster.run_blocks import BlockCount, run_blocks
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.failures import reported_as_not_written
from terrazzo.io.images.content_stamp import content_stamp
from terrazzo.io.images.image import Image
from terrazzo.io.images.ome_zarr_writer import check_levels, image_metadata, pyramid_of
from terrazzo.io.images.open_image import open_image
from terrazzo.io.images.planes import planes
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.levels.coarse import Sampling, sampling_of
from terrazzo.io.levels.level_arrays import LevelArrays
from terrazzo.io.output_path import check_absent, check_ending, check_output
from terrazzo.io.readers.selection import select_text
from terrazzo.io.readers.zarr_reader import is_store
from terrazzo.io.results.leftovers import half_made, identity, made_whole, put_in_place, remove_partial, unless_another
from terrazzo.io.results.markers import marker, read_markers
from terrazzo.io.results.result import RUN
from terrazzo.progress import shows_progress

# four of these by four, in a volume by four, are a block: in one file of level 0
CHUNK, VOLUME_CHUNK = (512, 512), (32, 64, 64)
DONE, MADE_FROM = "done", "made_from.json"


@shows_progress
def write_image(
    image: Image,
    path: str | Path,
    *,
    levels: Sampling | None = "mean",
    chunks: tuple[int, ...] | None = None,
    client: Client | None = None,
    overwrite: bool = False,
) -> Image:
    """Write a stored image as OME-Zarr 0.5 with coarser levels, in shards; return the image that was written.

    It is made beside `path`, under a hidden name, and moved there when it is whole. Called again after it was
    interrupted, it goes on where it stopped. A task holds one block.

    Parameters
    ----------
    image : Image
        Of any format.
    path : path
        The directory to make.
    levels : {"mean", "nearest"} or None
        How a pixel of a coarser level follows from those that it covers: their mean, or for labels the first of them.
        Truth values and integers of 64 bits are taken to be labels. None writes the finest level alone.
    chunks : tuple of int, optional
        (y, x) or (z, y, x) lengths of a chunk, at least 2; by default (512, 512) or (32, 64, 64). Four of them along
        each axis are in one shard.
    client : distributed.Client, optional
        Where the tasks run; without it, where the client that is active runs them, or in this process's threads.
    overwrite : bool
        Replace a Zarr store that is there.

    Raises
    ------
    InputError
        If something is at the path that must stay, the path is the image's, inside it or around it, or its ending names
        another format; if the image cannot be read or the other not be written.
    ParameterError
        If `levels` is another word, or `chunks` do not fit the axes.
    """
    check_ending(path, "image")
    target = Path(path).expanduser().absolute()
    _check(target, image, overwrite)
    check_levels(levels)
    made, before = half_made(target), identity(target) if overwrite else None
    arrays = _arrays(image, made, levels, chunks)
    with reported_as_not_written(target), unless_another(target, before):
        wanted = _made_from(image, arrays, levels)
        if not _is_begun(made, wanted):
            with made_whole(made, replacing=True) as folder:
                _begin(image, target.name, replace(arrays, path=str(folder)), wanted)
        remove_partial(made)
        _write(image, arrays, wanted, active_client(client))
        _check_same(made, wanted)
        shutil.rmtree(made / DONE)
        (made / MADE_FROM).unlink()
        remove_partial(made)
        put_in_place(made, target, before)
    return open_image(target)


def _check(target: Path, image: Image, overwrite: bool) -> None:
    require(image, Image, *AN_IMAGE)
    check_output(target, image.path)
    check_absent(target, overwrite)
    if target.exists() and (not is_store(target) or (target / RUN).exists()):
        raise InputError(f"'{target}' exists and is no image in Zarr, so it is not overwritten; remove it first")


def _arrays(image: Image, made: Path, levels: Sampling | None, chunks: tuple[int, ...] | None) -> LevelArrays:
    """Return the arrays to write: without an axis c where there is one channel, which has no name."""
    wanted = chunks or (CHUNK if len(image.extent) == 2 else VOLUME_CHUNK)
    if len(wanted) != len(image.extent) or min(wanted) < 2:
        raise ParameterError(f"chunks is {wanted}; give for each of the axes '{image.axes}' at least 2 pixels")
    clipped = tuple(min(pixels, length) for pixels, length in zip(wanted, image.extent, strict=True))
    pyramid = pyramid_of(image.extent, clipped)
    if levels is None:
        pyramid = replace(pyramid, factors=pyramid.factors[:1])
    planes = 0 if len(image.channels) == 1 and image.channels[0].isdecimal() else len(image.channels)
    return LevelArrays(str(made), pyramid, planes, sampling_of(image.dtype, levels or "nearest"), sharded=True)


def _made_from(image: Image, arrays: LevelArrays, levels: Sampling | None) -> dict[str, Any]:
    """Return, as values of JSON, all that decides what is written."""
    found = {
        "image": image.path,
        "level": image.level,
        "axes": image.stored.axes,
        "selected": select_text(image.stored.selected),
        "content": content_stamp(image.stored),
        "channels": image.channels,
        "pixel_size": image.pixel_size,
        "pixel_unit": image.pixel_unit,
        "levels": levels,
        "chunk": arrays.pyramid.chunk,
    }
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def _is_begun(made: Path, wanted: dict[str, Any]) -> bool:
    """Whether an interrupted run has begun the same: what it is made from is what it writes last before it copies."""
    try:
        return bool(json.loads((made / MADE_FROM).read_text()) == wanted)
    except (OSError, ValueError):
        return False


def _check_same(made: Path, wanted: dict[str, Any]) -> None:
    """Raise an InputError if another run has begun something else there, or ended: its pixels would be written over."""
    if not _is_begun(made, wanted):
        raise InputError(f"'{made}' was begun anew or ended by another run meanwhile; this one ends here")


def _begin(image: Image, name: str, arrays: LevelArrays, wanted: dict[str, Any]) -> None:
    made = Path(arrays.path)
    ome = image_metadata(
        name,
        image.dtype,
        "c" * bool(arrays.planes) + image.axes,
        image.pixel_size,
        pixel_unit=image.pixel_unit,
        channel_names=image.channels if arrays.planes else None,
        factors=arrays.pyramid.factors,
        sampling=arrays.sampling,
    )
    arrays.create(zarr.create_group(made, attributes={"ome": ome}), image.dtype)
    (made / DONE).mkdir()
    (made / MADE_FROM).write_text(json.dumps(wanted))


def _write(image: Image, arrays: LevelArrays, wanted: dict[str, Any], client: Client | None) -> None:
    pyramid, done = arrays.pyramid, read_markers(Path(arrays.path) / DONE)
    for step in (0, *pyramid.steps):
        tiles = pyramid.tiles(step)
        ended = [tile for tile in tiles if (step, *tile.index) in done]
        left = (tile for tile in tiles.along_curve() if (step, *tile.index) not in done)
        told = BlockCount("levels" if step else "image", len(tiles), ended)
        for _ in run_blocks(_write_tile, left, image.stored, arrays, step, wanted, client=client, done=told):
            pass


def _write_tile(tile: Block, stored: StoredArray, arrays: LevelArrays, step: int, wanted: dict[str, Any]) -> None:
    _check_same(Path(arrays.path), wanted)
    if step:
        arrays.coarsen(step, tile)
    else:
        _copy(tile, stored, arrays)
    _check_same(Path(arrays.path), wanted)
    marker(Path(arrays.path) / DONE, (step, *tile.index)).touch()


def _copy(block: Block, stored: StoredArray, arrays: LevelArrays) -> None:
    for plane, layer in enumerate(planes(stored, block.core)):
        arrays.write(block, layer, plane)
