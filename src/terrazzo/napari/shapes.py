"""Shapes that were drawn in a viewer, as pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.napari.canvas import Part
from terrazzo.regions.outlines.drawing import DrawingBuilder

SIDE = 2048
"""Pixels along a side of what is drawn at a time."""

CORNERS = 128
"""Of an ellipse."""

Kind = Literal["polygon", "rectangle", "ellipse", "line", "path"]


@dataclass(frozen=True, eq=False)
class Shape:
    """A shape in pixels of an image, of which whole numbers are the middles.

    Parameters
    ----------
    kind : {"polygon", "rectangle", "ellipse", "line", "path"}
        An ellipse is given by the corners of what it touches.
    points : ndarray of float64, shape (V, 2) or (V, 3)
        (y, x), or (z, y, x) in one section.
    width : float
        Of a line or a path.
    """

    kind: Kind
    points: NDArray[np.float64]
    width: float = 1.0


def parts_of(shape: Shape, extent: Sequence[int], value: int) -> Iterator[Part]:
    """Yield boxes of an image with the pixels that a shape fills.

    Parameters
    ----------
    shape : Shape
    extent : sequence of int
    value : int
        The class.
    """
    section = round(float(shape.points[0, 0])) if len(extent) == 3 else None
    if section is not None and not 0 <= section < extent[0]:
        return
    rings = _rings(shape)
    if not rings:
        return
    builder = DrawingBuilder()
    builder.add([(True, ring) for ring in rings], None, None)
    drawing = builder.drawing()
    (top, left), (bottom, right) = drawing.boxes[:2].min(axis=1), drawing.boxes[2:].max(axis=1)
    first = max(0, int(top)), max(0, int(left))
    last = min(extent[-2], int(bottom) + 1), min(extent[-1], int(right) + 1)
    values = np.zeros(len(drawing), np.int64)
    lead = () if section is None else (section,)
    for y in range(first[0], last[0], SIDE):
        for x in range(first[1], last[1], SIDE):
            plane = Box((y, x), (min(last[0], y + SIDE), min(last[1], x + SIDE)))
            inside = drawing.raster(plane, values, 1) == 0
            whole = Box((*lead, *plane.start), (*(one + 1 for one in lead), *plane.stop))
            yield whole, np.full(whole.shape, value, np.uint8), inside.reshape(whole.shape)


def _rings(shape: Shape) -> list[list[NDArray[np.float64]]]:
    """Return the outlines of a shape with their holes, in (y, x) from the corner of the first pixel."""
    points = np.asarray(shape.points, np.float64)[:, -2:] + 0.5
    if shape.kind in ("line", "path"):
        outline = shapely.LineString(points).buffer(max(shape.width, 1.0) / 2)
        found = [outline] if outline.geom_type == "Polygon" else list(outline.geoms)
        return [[np.array(ring.coords) for ring in (one.exterior, *one.interiors)] for one in found]
    if shape.kind == "ellipse":
        angles = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)[:, None]
        middle = points.mean(axis=0)
        one, other = (points[1] - points[0]) / 2, (points[2] - points[1]) / 2
        points = middle + np.cos(angles) * one + np.sin(angles) * other
    return [[points]] if len(points) >= 3 else []
