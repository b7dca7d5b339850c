"""Where an annotation may be drawn on, from the chunks that its file has: what is sparse is not read to find out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import zarr

from terrazzo.blocks import Box
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.readers.axes import IMAGE_AXES
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

MOST_BOXES = 4096
"""Of more chunks nothing is told: looking through them all for each block would take longer than reading."""


def drawn_boxes(stored: StoredArray) -> tuple[Box, ...] | None:
    """Return boxes of pixels outside of which nothing is annotated; None where only reading can tell.

    It can be told of an array (y, x) or (z, y, x) in a local Zarr of version 3 whose chunks are files of their own, and
    that has 255 where none is: such as what is drawn in napari is kept in.

    Parameters
    ----------
    stored : StoredArray
        The annotation's.
    """
    axes = stored.ndim - 1
    plain = type(stored) is StoredArray and stored.kind == "zarr" and not stored.selected
    if not plain or stored.axes != IMAGE_AXES[stored.ndim][1:]:
        return None
    folder = Path(stored.path) / stored.key
    if not (folder / "zarr.json").is_file():
        return None
    array = zarr.open_array(folder, mode="r")
    metadata = array.metadata
    keys = getattr(metadata, "chunk_key_encoding", None)
    if array.shards is not None or array.fill_value != NOT_ANNOTATED or keys is None:
        return None
    if (keys.name, getattr(keys, "separator", "")) != ("default", "/"):
        return None
    found = []
    try:
        if not (folder / "c").is_dir():  # no chunk was ever written
            return ()
        for index in _names(folder / "c", axes):
            if not all(name.isdigit() for name in index):  # one that is being written
                continue
            start = tuple(int(name) * side for name, side in zip(index, array.chunks, strict=True))
            stop = tuple(min(a + side, n) for a, side, n in zip(start, array.chunks, array.shape, strict=True))
            found.append(Box(start, stop))
            if len(found) > MOST_BOXES:
                return None
    except OSError:
        return None  # whoever reads it says what is wrong
    return tuple(sorted(found, key=lambda box: box.start))


def _names(folder: Path, depth: int) -> Iterator[tuple[str, ...]]:
    """Yield the names that lead to what lies so deep in a folder.

    Raises
    ------
    OSError
        If a folder on the way cannot be listed.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            if depth == 1:
                yield (entry.name,)
            elif entry.is_dir():
                yield from ((entry.name, *below) for below in _names(Path(entry.path), depth - 1))
