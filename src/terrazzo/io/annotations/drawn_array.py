"""Shapes on disk as an array: drawn window by window, where it is read."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.errors import InputError
from terrazzo.io.annotations.canvas import Canvas
from terrazzo.io.annotations.json_shapes import read_json_shapes
from terrazzo.io.annotations.napari_csv import read_napari_csv
from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.images.stored_array import MOST_OPEN, StoredArray
from terrazzo.regions.classes.annotation import NOT_ANNOTATED
from terrazzo.regions.outlines.drawing import UNCLASSED, Drawing

NAPARI_SUFFIX, ROI_SUFFIXES = ".csv", (".roi", ".zip")


@dataclass(frozen=True)
class DrawnArray(StoredArray):
    """A handle on shapes as an array (1, y, x) of uint8; each process parses the file at its first read.

    Attributes
    ----------
    scale : tuple of float
        What the file's y and x are multiplied by.
    values : tuple of (str, int)
        What a class is drawn as; others are left out.
    unclassed : int
        What a shape without a class is drawn as; -1 leaves it out.
    empty : int
        Where no shape is.
    canvas : Canvas or None
        What is drawn on, by which a file of many images is read.
    """

    scale: tuple[float, float] = (1.0, 1.0)
    values: tuple[tuple[str, int], ...] = ()
    unclassed: int = UNCLASSED
    empty: int = 255
    canvas: Canvas | None = None

    def _read(self, windows: tuple[slice, ...], shape: tuple[int, ...]) -> NDArray[Any]:
        drawing = opened_drawing(Path(self.path), self.modified, self.scale, self.canvas)
        value_of = dict(self.values)
        values = np.array([value_of.get(name, -1) for name in drawing.names] + [self.unclassed], np.int64)
        box = Box(tuple(one.start for one in windows[1:]), tuple(one.stop for one in windows[1:]))
        return drawing.raster(box, values[drawing.classes], self.empty).reshape(shape)


_parsing = threading.Lock()


def opened_drawing(path: Path, modified: int, scale: tuple[float, float], canvas: Canvas | None = None) -> Drawing:
    """Return the process's copy of a drawing; one thread at a time, so that no file is parsed twice."""
    with _parsing:
        return _parsed(path, modified, scale, canvas)


@lru_cache(maxsize=MOST_OPEN)
def _parsed(path: Path, modified: int, scale: tuple[float, float], canvas: Canvas | None) -> Drawing:
    with reported_as_input_error(path, "read as shapes"):
        if path.stat().st_mtime_ns != modified:
            raise InputError(f"'{path}' changed on disk after it was opened; open it again.")
        return _read_shapes(path, canvas).scaled(scale)


def _read_shapes(path: Path, canvas: Canvas | None) -> Drawing:
    suffix = path.suffix.lower()
    if suffix == NAPARI_SUFFIX:
        return read_napari_csv(path)
    if suffix in ROI_SUFFIXES:
        from terrazzo.io.annotations.imagej_rois import read_rois  # loads roifile, which other shapes do without

        return read_rois(path, canvas)
    return read_json_shapes(path, canvas)


@dataclass(frozen=True)
class CountedFromOne(StoredArray):
    """A handle on a label image whose values are read one lower, and 0 as 255; of uint8.

    Attributes
    ----------
    source : StoredArray
        The label image as it is.
    """

    source: StoredArray = field(kw_only=True)

    @classmethod
    def of(cls, source: StoredArray) -> CountedFromOne:
        """Return a label image with its values so."""
        same = {field.name: getattr(source, field.name) for field in fields(StoredArray)}
        return cls(**(same | {"dtype": np.dtype(np.uint8)}), source=source)

    def _read(self, windows: tuple[slice, ...], shape: tuple[int, ...]) -> NDArray[Any]:
        found = self.source[windows]
        if found.min() < 0 or found.max() > NOT_ANNOTATED:
            value = found.min() if found.min() < 0 else found.max()
            raise InputError(
                f"'{self.path}' holds the value {value}; where 0 is not annotated, classes are 1 to {NOT_ANNOTATED}"
            )
        return np.where(found == 0, NOT_ANNOTATED, found.astype(np.int64) - 1).astype(np.uint8).reshape(shape)
