"""The resolutions of one image: how large each is, how large its pixels are, and which fits a size of pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from terrazzo.errors import InputError
from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.images.image import Image
from terrazzo.io.readers.readers import READERS
from terrazzo.io.readers.selection import part_lengths, parts_at
from terrazzo.pixel_size import size_ratio


@dataclass(frozen=True)
class Level:
    """One resolution of an image.

    Parameters
    ----------
    number : int
        0 is the finest.
    extent : tuple of int
        Lengths along (y, x) or (z, y, x), in pixels.
    pixel_size : tuple of float or None
        Along the same axes, in the unit of the image: that of the image times how much shorter the level is.
    stored_chunks : tuple of int or None
        What is stored in one piece, along the same axes; None where any window can be read alone.
    """

    number: int
    extent: tuple[int, ...]
    pixel_size: tuple[float, ...] | None
    stored_chunks: tuple[int, ...] | None


def levels_of(image: Image) -> tuple[Level, ...]:
    """Return the resolutions of the file of an image that can be opened, finest first; no pixel is read."""
    found = []
    for number in range(image.levels):
        with suppress(InputError):
            found.append(_level(image, number))
    return tuple(found)


def nearest_level(levels: Sequence[Level], wanted: Sequence[float]) -> Level | None:
    """Return the level whose pixels are nearest in size to those wanted, in the same unit; None if no size is known."""
    known = [(abs(math.log(ratio)), level) for level in levels if (ratio := _ratio(level, wanted)) is not None]
    return min(known, key=lambda one: (one[0], one[1].number))[1] if known else None


def _ratio(level: Level, wanted: Sequence[float]) -> float | None:
    return size_ratio(level.pixel_size, None, wanted, None)


def _level(image: Image, number: int) -> Level:
    stored = image.stored
    with reported_as_input_error(image.path, "read"):
        description = READERS[stored.kind].describe(stored.path, number)
        parts = parts_at(stored.axes, description.shape, stored.selected)
        by_axis = dict(zip(stored.axes, part_lengths(stored.axes, description.shape, parts), strict=True))
        chunk_by_axis = dict(zip(stored.axes, description.chunks or (), strict=False))
    extent = tuple(by_axis.get(axis, 1) for axis in image.axes)
    chunks = tuple(chunk_by_axis.get(axis, 1) for axis in image.axes) if description.chunks else None
    return Level(number, extent, scaled(image.pixel_size, image.extent, extent), chunks)


def scaled(
    pixel_size: tuple[float, ...] | None, extent: tuple[int, ...], other: tuple[int, ...]
) -> tuple[float, ...] | None:
    """Return the size of a pixel when an image of this extent in pixels is brought to another one."""
    if pixel_size is None or 0 in other:
        return None
    return tuple(size * a / b for size, a, b in zip(pixel_size, extent, other, strict=True))
