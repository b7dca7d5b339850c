"""The CSV of napari's shapes and points layers."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.annotations.shape_parts import MOST_PIXELS, Part, class_name, ellipse
from terrazzo.regions.outlines.drawing import Drawing, DrawingBuilder

Row = dict[str, str]

LEAST_POINTS = {"polygon": 3, "rectangle": 4, "ellipse": 4, "path": 2, "line": 2}
FILLED = ("polygon", "rectangle", "ellipse")
# napari's whole numbers are the centres of pixels
HALF_A_PIXEL = 0.5
CLASS = "class"


def read_napari_csv(path: Path) -> Drawing:
    """Read a shapes layer, or without shape types a points layer, with its classes in a column `class` if there is one.

    Raises
    ------
    InputError
        If the columns `index`, `axis-0` and `axis-1` are not there, a shape is of no known type or has too few corners,
        or a coordinate is no number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            axes = _axes(path, list(rows.fieldnames or ()))
            return _drawing(path, rows, axes)
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"'{path}' is no CSV ({error}); save the layer again in napari") from error


def _axes(path: Path, columns: list[str]) -> list[str]:
    """Return the names of the columns that hold y and x: the last two axes."""
    axes = [name for name in columns if re.fullmatch(r"axis-[0-9]{1,3}", name or "")]
    if "index" not in columns or len(axes) < 2:
        raise InputError(
            f"'{path}' has the columns {', '.join(map(str, columns[:8])) or 'none'}; a napari layer has index, axis-0 "
            "and axis-1, and of shapes also shape-type and vertex-index"
        )
    return sorted(axes, key=lambda name: int(name[5:]))[-2:]


def _drawing(path: Path, rows: Iterator[Row], axes: list[str]) -> Drawing:
    builder = DrawingBuilder()
    for _, group in itertools.groupby(rows, key=lambda row: row["index"]):
        shape = list(group)
        try:
            builder.add(_parts(shape, axes), class_name(shape[0].get(CLASS) or ""), None)
        except InputError as error:
            raise InputError(f"'{path}', shape {builder.count + 1}: {error}") from error
    return builder.drawing()


def _parts(rows: list[Row], axes: list[str]) -> list[Part]:
    points = _points(rows, axes) + HALF_A_PIXEL
    kind = rows[0].get("shape-type")
    if kind is None:
        return [(False, [point[None]]) for point in points]
    if kind not in LEAST_POINTS:
        raise InputError(f"its type is '{kind}'; it must be one of {', '.join(LEAST_POINTS)}")
    if len(points) < LEAST_POINTS[kind]:
        raise InputError(f"its type {kind} needs {LEAST_POINTS[kind]} points, and it has {len(points)}; draw it again")
    return [(kind in FILLED, [_ellipse(points) if kind == "ellipse" else points])]


def _points(rows: list[Row], axes: list[str]) -> NDArray[np.float64]:
    try:
        points = np.array([[float(row[axis]) for axis in axes] for row in rows])
    except (TypeError, ValueError) as error:
        raise InputError(f"a coordinate is no number ({error}); save the layer again in napari") from error
    if not (np.abs(points) <= MOST_PIXELS).all():
        raise InputError("a coordinate is not finite or no pixel of any image; draw it again")
    return points


def _ellipse(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an ellipse's outline from the corners of the box around it, which may be turned."""
    return ellipse(corners[:4].mean(axis=0), (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2)
