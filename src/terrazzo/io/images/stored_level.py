"""Another resolution of an array on disk."""

from __future__ import annotations

from dataclasses import replace

from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.readers.axes import IMAGE_AXES
from terrazzo.io.readers.readers import READERS
from terrazzo.io.readers.selection import part_lengths, parts_at


def at_level(stored: StoredArray, number: int) -> StoredArray:
    """Return the same selection of another level of the file, to be read in windows of any size."""
    found = READERS[stored.kind].describe(stored.path, number)
    parts = parts_at(stored.axes, found.shape, stored.selected)
    by_axis = dict(zip(stored.axes, part_lengths(stored.axes, found.shape, parts), strict=True))
    shape = tuple(by_axis.get(axis, 1) for axis in IMAGE_AXES[stored.ndim])
    return replace(stored, key=found.key, shape=shape, chunks=shape, selected=parts)
