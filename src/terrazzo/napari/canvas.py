"""What is drawn on an image, on disk: a class per pixel, written stroke by stroke, with what was there before."""

from __future__ import annotations

import itertools
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.errors import InputError
from terrazzo.io.failures import reported_as_not_written
from terrazzo.io.images.image import Image
from terrazzo.io.ngff import multiscale
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

IMAGE_CHUNK, VOLUME_CHUNK = (256, 256), (16, 128, 128)
MOST_UNDONE = 200
"""Strokes that can be undone."""
MOST_HELD = 1024
"""Chunks, of 64 KiB or of 256, that are held in memory."""

Index = tuple[int, ...]
Part = tuple[Box, NDArray[np.uint8], NDArray[np.bool_]]


@dataclass(eq=False)
class Canvas:
    """A Zarr array of classes, 255 where nothing is drawn: chunks without a stroke are not there.

    Each stroke is on disk when `paint` returns, chunk by chunk, each of which is replaced whole.

    Parameters
    ----------
    path : path
        An OME-Zarr image of one resolution, as `open_annotation` opens it.
    array : zarr.Array of uint8, shape (y, x) or (z, y, x)
    present : set of tuple of int
        The chunks that are there.
    """

    path: Path
    array: zarr.Array[Any]
    present: set[Index]
    _undo: list[dict[Index, bytes]] = field(default_factory=list)
    _redo: list[dict[Index, bytes]] = field(default_factory=list)
    _chunks: dict[Index, NDArray[np.uint8]] = field(default_factory=dict)

    @classmethod
    def begin(cls, path: Path, image: Image) -> Canvas:
        """Make an empty one of the extent of an image."""
        axes, chunk = image.axes, IMAGE_CHUNK if len(image.extent) == 2 else VOLUME_CHUNK
        entry = multiscale(path.stem, axes, image.pixel_size, image.pixel_unit, {"0": (1,) * len(axes)})
        with reported_as_not_written(path):
            group = zarr.create_group(path, attributes={"ome": {"version": "0.5", "multiscales": [entry]}})
            group.create_array(
                "0",
                shape=image.extent,
                chunks=chunk,
                dtype=np.uint8,
                fill_value=NOT_ANNOTATED,
                dimension_names=list(axes),
            )
        return cls.open(path, image)

    @classmethod
    def open(cls, path: Path, image: Image) -> Canvas:
        """Open one that is there.

        Raises
        ------
        InputError
            If it is none, or of another extent than the image.
        """
        try:
            array = zarr.open_array(path, path="0", mode="r+")
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"'{path}' holds nothing that can be drawn on ({error}); choose another") from error
        if array.shape != image.extent or array.dtype != np.uint8 or array.fill_value != NOT_ANNOTATED:
            raise InputError(
                f"'{path}' has {array.shape} values of {array.dtype} and its image {image.extent} pixels; "
                "it was drawn on another image: put it elsewhere"
            )
        return cls(path, array, _present(path / "0" / "c", array.ndim))

    @staticmethod
    def is_at(path: Path) -> bool:
        """Whether what is drawn is kept at `path` as a canvas, and not in a file of another kind."""
        try:
            array = zarr.open_array(path, path="0", mode="r")
        except (OSError, ValueError, KeyError):
            return False
        return bool(array.dtype == np.uint8 and array.fill_value == NOT_ANNOTATED and array.shards is None)

    @property
    def extent(self) -> tuple[int, ...]:
        """(y, x) or (z, y, x)."""
        return self.array.shape

    @property
    def can_undo(self) -> bool:
        """Whether there is a stroke to undo."""
        return bool(self._undo)

    def move_to(self, path: Path) -> None:
        """Move it to another path in the same file system."""
        with reported_as_not_written(path):
            self.path.rename(path)
            self.path, self.array = path, zarr.open_array(path, path="0", mode="r+")

    def read(self, box: Box, steps: Sequence[int] | None = None) -> NDArray[np.uint8]:
        """Return what is drawn in a box, a value for so many pixels along each axis.

        Of several pixels it is the lowest class that is drawn on any: a thin stroke is seen from afar.

        Parameters
        ----------
        box : Box
            Begins at a multiple of the steps.
        steps : sequence of int, optional
            That divide the chunks.
        """
        by = tuple(steps or (1,) * len(box.start))
        found = np.full(_coarse(box, by).shape, NOT_ANNOTATED, np.uint8)
        for index in self._touched(box):
            if index in self.present:
                chunk = self._box(index)
                both = chunk.overlap(box)
                if both is not None:
                    part = self._held(index)[both.within(chunk)]
                    found[_coarse(both, by).within(_coarse(box, by))] = _lowest(part, by)
        return found

    def paint(
        self, box: Box, values: NDArray[np.uint8], changed: NDArray[np.bool_], steps: Sequence[int] | None = None
    ) -> Box | None:
        """Draw into a box; return the box of pixels that were drawn on, None if none was.

        Parameters
        ----------
        box : Box
            Begins at a multiple of the steps.
        values : ndarray of uint8
            The classes, 255 to erase, one for so many pixels along each axis.
        changed : ndarray of bool
            Of the same shape: which of them are drawn, the others leave what is there.
        steps : sequence of int, optional
        """
        return self.paint_all([(box, values, changed)], steps)

    def paint_all(self, parts: Iterable[Part], steps: Sequence[int] | None = None) -> Box | None:
        """Draw into several boxes as one stroke, that one `undo` takes back; see `paint`."""
        before: dict[Index, bytes] = {}
        drawn: Box | None = None
        for box, values, changed in parts:
            one = self._paint(box, values, changed, tuple(steps or (1,) * len(box.start)), before)
            drawn = drawn.hull(one) if drawn and one else drawn or one
        if drawn is not None:
            self._undo = [*self._undo, before][-MOST_UNDONE:]
            self._redo = []
            self._touch()
        return drawn

    def undo(self) -> Box | None:
        """Take back the last stroke; return the box of what it drew on, None if there is none."""
        return self._swap(self._undo, self._redo)

    def redo(self) -> Box | None:
        """Draw again what was taken back last."""
        return self._swap(self._redo, self._undo)

    def forget(self) -> None:
        """Forget what could be undone."""
        self._undo, self._redo = [], []

    def _paint(
        self, box: Box, values: NDArray[np.uint8], changed: NDArray[np.bool_], by: Index, before: dict[Index, bytes]
    ) -> Box | None:
        places = np.nonzero(changed)
        if not places[0].size:
            return None
        first = tuple(a + int(at.min()) * s for a, at, s in zip(box.start, places, by, strict=True))
        last = tuple(a + (int(at.max()) + 1) * s for a, at, s in zip(box.start, places, by, strict=True))
        drawn = Box(first, tuple(map(min, last, box.stop)))
        for index in self._touched(drawn):
            chunk = self._box(index)
            both = chunk.overlap(drawn)
            if both is None:
                continue
            where = _coarse(both, by).within(_coarse(box, by))
            mask = _fine(changed[where], both, by)
            if mask.any():
                old = self._held(index)
                before.setdefault(index, zlib.compress(old.tobytes(), 1))
                new = old.copy()
                new[both.within(chunk)][mask] = _fine(values[where], both, by)[mask]
                self._write(index, new)
        return drawn

    def _swap(self, taken: list[dict[Index, bytes]], kept: list[dict[Index, bytes]]) -> Box | None:
        if not taken:
            return None
        stroke = taken.pop()
        kept.append({index: zlib.compress(self._held(index).tobytes(), 1) for index in stroke})
        for index, packed in stroke.items():
            shape = self._box(index).shape
            self._write(index, np.frombuffer(zlib.decompress(packed), np.uint8).reshape(shape))
        self._touch()
        boxes = [self._box(index) for index in stroke]
        hull = boxes[0]
        for one in boxes[1:]:
            hull = hull.hull(one)
        return hull

    def _write(self, index: Index, values: NDArray[np.uint8]) -> None:
        with reported_as_not_written(self.path):
            self.array[self._box(index).slices] = values
        self._hold(index, values)
        if (values == NOT_ANNOTATED).all():
            self.present.discard(index)
        else:
            self.present.add(index)

    def _touch(self) -> None:
        """Tell readers, which look at when a few files were written, that there is something new."""
        os.utime(self.path / "0" / "zarr.json")

    def _held(self, index: Index) -> NDArray[np.uint8]:
        if index not in self._chunks:
            box = self._box(index)
            stored = index in self.present
            self._hold(index, np.asarray(self.array[box.slices]) if stored else np.full(box.shape, NOT_ANNOTATED))
        return self._chunks[index]

    def _hold(self, index: Index, values: NDArray[Any]) -> None:
        self._chunks.pop(index, None)
        self._chunks[index] = values.astype(np.uint8)
        if len(self._chunks) > MOST_HELD:
            del self._chunks[next(iter(self._chunks))]

    def _box(self, index: Index) -> Box:
        start = tuple(i * side for i, side in zip(index, self.array.chunks, strict=True))
        whole = (a + side for a, side in zip(start, self.array.chunks, strict=True))
        return Box(start, tuple(map(min, whole, self.extent)))

    def _touched(self, box: Box) -> Iterator[Index]:
        spans = zip(box.start, box.stop, self.array.chunks, strict=True)
        return itertools.product(*(range(a // side, -(-b // side)) for a, b, side in spans))


def _present(folder: Path, axes: int) -> set[Index]:
    pattern = "/".join("*" * axes)
    return {tuple(map(int, file.relative_to(folder).parts)) for file in folder.glob(pattern) if file.name.isdigit()}


def _coarse(box: Box, steps: Sequence[int]) -> Box:
    """Return a box in units of the steps; the last may be cut off."""
    start = tuple(a // s for a, s in zip(box.start, steps, strict=True))
    return Box(start, tuple(-(-b // s) for b, s in zip(box.stop, steps, strict=True)))


def _lowest(values: NDArray[np.uint8], steps: Sequence[int]) -> NDArray[np.uint8]:
    for axis, step in enumerate(steps):
        if step > 1:
            values = np.minimum.reduceat(values, np.arange(0, values.shape[axis], step), axis=axis)
    return values


def _fine(values: NDArray[Any], box: Box, steps: Sequence[int]) -> NDArray[Any]:
    """Return an array with each value as often as there are pixels of the box that it stands for."""
    for axis, (first, last, step) in enumerate(zip(box.start, box.stop, steps, strict=True)):
        if step > 1:
            values = np.repeat(values, step, axis=axis)
            values = np.take(values, range(first % step, first % step + last - first), axis=axis)
    return values
