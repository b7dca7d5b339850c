"""Mistakes in what was drawn, found before anything is learned from it."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.regions.outlines.drawing import Drawing


def check_drawing(path: str, drawing: Drawing, extent: tuple[int, ...]) -> None:
    """Raise an InputError if nothing is drawn, a shape lies outside the image, or a polygon crosses itself.

    Parameters
    ----------
    path : str
        The file, for the message.
    drawing : Drawing
        In pixels of the image.
    extent : tuple of int
        (y, x) of the image.
    """
    if not len(drawing):
        raise InputError(f"'{path}' holds no shape; draw at least one and export it again")
    _refuse_outside(path, drawing, extent)
    _refuse_crossed(path, drawing)


def shape_name(drawing: Drawing, part: int) -> str:
    """Return what messages call the shape of a part, such as "shape 3 ('Tumor')"."""
    index, number = int(drawing.classes[part]), int(drawing.shapes[part])
    return drawing.titles.get(number, f"shape {number}") + (f" ('{drawing.names[index]}')" if index >= 0 else "")


def _refuse_outside(path: str, drawing: Drawing, extent: tuple[int, ...]) -> None:
    lowest, highest = drawing.boxes[:2].T, drawing.boxes[2:].T
    outside = np.flatnonzero(((highest < 0) | (lowest > extent)).any(axis=1))
    if outside.size:
        part = int(outside[0])
        top, left, bottom, right = drawing.boxes[:, part]
        raise InputError(
            f"'{path}', {shape_name(drawing, part)} lies outside the image, at x {left:g} to {right:g} and y {top:g} "
            f"to {bottom:g}, and the image is {extent[1]} x {extent[0]} pixels; give the image that it was drawn on"
        )


def _refuse_crossed(path: str, drawing: Drawing) -> None:
    polygons = np.flatnonzero(drawing.filled)
    shapes = _as_shapely(drawing)
    wrong = np.flatnonzero(~shapely.is_valid(shapes))
    if wrong.size:
        reason, _, place = str(shapely.is_valid_reason(shapes[wrong[0]])).partition("[")
        what = "crosses itself" if "elf-intersection" in reason else f"is no valid polygon ({reason.lower()})"
        where = " near x " + ", y ".join(place.rstrip("]").split()) if place else ""
        raise InputError(
            f"'{path}', {shape_name(drawing, int(polygons[wrong[0]]))} {what}{where}; draw it again, or mend it with "
            "shapely.make_valid"
        )


def _as_shapely(drawing: Drawing) -> NDArray[np.object_]:
    """Return the polygons of a drawing, with x before y."""
    corners, rings = np.diff(drawing.rings), np.diff(drawing.parts)
    of_polygon = np.repeat(drawing.filled, rings)
    points = np.ascontiguousarray(drawing.points[np.repeat(of_polygon, corners)][:, ::-1])
    offsets = (np.concatenate([[0], np.cumsum(lengths)]) for lengths in (corners[of_polygon], rings[drawing.filled]))
    found: NDArray[np.object_] = shapely.from_ragged_array(shapely.GeometryType.POLYGON, points, tuple(offsets))
    return found
