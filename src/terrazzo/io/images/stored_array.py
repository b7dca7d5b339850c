"""An array on disk as a value: small to send, opened where it is read."""

from __future__ import annotations

import math
import operator
import threading
from dataclasses import dataclass
from functools import lru_cache
from types import EllipsisType
from typing import Any, SupportsIndex, cast

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.readers.axes import IMAGE_AXES
from terrazzo.io.readers.readers import READERS
from terrazzo.io.readers.selection import Parts

Part = slice | SupportsIndex
Selection = Part | EllipsisType | tuple[Part | EllipsisType, ...]

# Decoded PNG and JPEG images are held here whole, so no more than a few.
MOST_OPEN = 4


@dataclass(frozen=True)
class StoredArray:
    """A handle on an image on disk, in (c, y, x) or (c, z, y, x) order whatever the order of its file.

    It holds no open file: it pickles to a few hundred bytes, and each process opens the file at its first
    read and keeps it open for the next ones. Threads may read at the same time.

    Attributes
    ----------
    path : str
        Absolute path of the file or store, a URL, "file.h5/name", "file.czi/name" or a pattern.
    kind : str
        "zarr", "tiff", "raster" (PNG, JPEG), "npy", "hdf5", "bioio" or "stack".
    key : str
        Where the array is inside the file; its meaning is the reader's.
    axes : str
        Axes of the file, of a stack that of its files first, one letter of "tczyx" each; of t one place is read, and
        of z unless this is a volume.
    shape : tuple of int
        (c, y, x), or (c, z, y, x) of a volume.
    dtype : numpy.dtype
        Type of what is read, in the byte order of the machine.
    chunks : tuple of int
        Lengths along the same axes that are sensible to read at once.
    modified : int
        Modification time in nanoseconds when it was described, of a stack the latest, of a URL 0: a replaced file is
        another array.
    selected : tuple of Selected
        What is read of the axes of the file that are not read whole.
    """

    path: str
    kind: str
    key: str
    axes: str
    shape: tuple[int, ...]
    dtype: np.dtype
    chunks: tuple[int, ...]
    modified: int
    selected: Parts = ()

    @property
    def ndim(self) -> int:
        """3, or 4 of a volume."""
        return len(self.shape)

    @property
    def reading(self) -> str:
        """How values of the file are read: another word where the same file gives others."""
        return type(self).__name__

    def __getitem__(self, selection: Selection) -> NDArray[Any]:
        """Read a window: integers and slices of any step, as with numpy, into a new C-contiguous array.

        Raises
        ------
        InputError
            If the file cannot be read there, or no longer has the shape that it had.
        IndexError
            If an integer is out of range or there are more parts than axes.
        """
        windows, inside = zip(*map(_window, _every_part(selection, self.ndim), self.shape), strict=True)
        shape = tuple(window.stop - window.start for window in windows)
        if 0 in shape:
            return np.empty(shape, self.dtype)[inside]
        return np.asarray(self._read(windows, shape)[inside], order="C")

    def _read(self, windows: tuple[slice, ...], shape: tuple[int, ...]) -> NDArray[Any]:
        """Read one window without steps, all axes kept."""
        axes = IMAGE_AXES[self.ndim]
        wanted = dict(zip(axes, windows, strict=True))
        with reported_as_input_error(self.path, f"read at {_described(wanted)}"):
            opened = _opened(self.kind, self.path, self.key, self.modified)
            first = {part.axis: part.start for part in self.selected}
            places = (_moved(wanted.get(axis), first.get(axis, 0)) for axis in self.axes)
            found = np.asarray(opened[tuple(places)])
            kept = [axis for axis in self.axes if axis in wanted]
            ordered = found.transpose([kept.index(axis) for axis in axes if axis in kept])
        channels = ordered if "c" in kept else ordered[None]
        if channels.shape != shape:
            raise InputError(f"'{self.path}' changed on disk after it was opened; open it again.")
        # A copy even where the file is mapped or held in memory: the reader's arrays stay as they are.
        return np.array(channels, dtype=self.dtype, order="C")


def _every_part(selection: Selection, axes: int) -> tuple[Part, ...]:
    """Write out the ellipsis and the axes that are not mentioned."""
    parts = selection if isinstance(selection, tuple) else (selection,)
    if Ellipsis not in parts:
        parts = (*parts, Ellipsis)
    at = parts.index(Ellipsis)
    missing = axes + 1 - len(parts)
    if missing < 0:
        raise IndexError(f"the image has {axes} axes; the selection {selection} has more")
    return cast("tuple[Part, ...]", parts[:at] + (slice(None),) * missing + parts[at + 1 :])


def _window(part: Part, length: int) -> tuple[slice, Part]:
    """Split a part into the contiguous window that holds it and what to take inside that window."""
    if not isinstance(part, slice):
        index = range(length)[operator.index(part)]
        return slice(index, index + 1), 0
    picked = range(length)[part]
    if not picked:
        return slice(0, 0), slice(None)
    return slice(min(picked), max(picked) + 1), slice(None, None, picked.step)


def _moved(window: slice | None, first: int) -> slice | int:
    """Return where a window of what is selected lies in the file; the first place of an axis that the image lacks."""
    return first if window is None else slice(window.start + first, window.stop + first)


def _described(wanted: dict[str, slice]) -> str:
    return ", ".join(f"{axis} {window.start}:{window.stop}" for axis, window in wanted.items())


_opening = threading.Lock()


def _opened(kind: str, path: str, key: str, modified: int) -> Any:
    """Return the process's handle; one thread at a time, so that no image is decoded twice."""
    with _opening:
        return _kept_open(kind, path, key, modified)


@lru_cache(maxsize=MOST_OPEN)
def _kept_open(kind: str, path: str, key: str, modified: int) -> Any:  # noqa: ARG001
    return READERS[kind].open_array(path, key)


SIDE, VOLUME_SIDE = 2048, 256
MOST_BYTES = 2**28


def reading_chunks(shape: tuple[int, ...], stored: tuple[int, ...] | None, itemsize: int) -> tuple[int, ...]:
    """Group stored chunks into chunks of all channels by about 2048 x 2048 or 256 x 256 x 256 pixels.

    A chunk has at most 256 MiB, unless a stored one has more.

    Parameters
    ----------
    shape : tuple of int
        (c, y, x) or (c, z, y, x) lengths of the image.
    stored : tuple of int or None
        Lengths along the same axes of what the file reads at once, kept whole; None where any window costs the same.
    itemsize : int
        Bytes per value.

    Returns
    -------
    tuple of int
        Chunk lengths along the same axes; but for c they are multiples of `stored` or the image's own.
    """
    channels, *extent = shape
    _, *units = stored or (1,) * len(shape)
    side = _side(channels, len(extent), itemsize)
    chunk: list[int] = []
    for unit, length in zip(reversed(units), reversed(extent), strict=True):
        # A stored chunk as wide as the image (a TIFF strip) leaves fewer rows for the same number of pixels.
        left = math.ceil(side ** (len(chunk) + 1) / math.prod(chunk))
        chunk.append(_multiple(unit, min(side, left), length))
    return channels, *reversed(chunk)


def _side(channels: int, axes: int, itemsize: int) -> int:
    side, least = (SIDE, 256) if axes == 2 else (VOLUME_SIDE, 32)
    while side > least and channels * side**axes * itemsize > MOST_BYTES:
        side //= 2
    return side


def _multiple(unit: int, target: int, length: int) -> int:
    return min(length, unit * max(1, target // unit))
