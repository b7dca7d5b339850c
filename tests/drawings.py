"""Drawings, and files of them as QuPath and napari write them."""

from __future__ import annotations

import json

import numpy as np

from terrazzo.blocks import Box
from terrazzo.regions.outlines.drawing import DrawingBuilder


def feature(coordinates, name=None, kind="Polygon", color=None, **properties):
    """A feature as QuPath exports it."""
    if name is not None:
        properties["classification"] = {"name": name} | ({} if color is None else {"color": color})
    geometry = {"type": kind, "coordinates": coordinates}
    properties = {"objectType": "annotation", **properties}
    return {"type": "Feature", "id": "2f1c", "geometry": geometry, "properties": properties}


def rectangle(left, top, right, bottom):
    """The ring of a rectangle in (x, y), closed."""
    return [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]


def write_features(path, features):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def drawing_of(*polygons):
    """A drawing of polygons, each a list of rings (y, x), of the classes "0", "1", ..."""
    builder = DrawingBuilder()
    for number, rings in enumerate(polygons):
        builder.add([(True, [np.array(ring, np.float64) for ring in rings])], str(number), None)
    return builder.drawing()


def line_drawing(points):
    builder = DrawingBuilder()
    builder.add([(False, [np.array(points, np.float64)])], "0", None)
    return builder.drawing()


def raster(drawing, shape, empty=255):
    return drawing.raster(Box((0, 0), tuple(shape)), np.maximum(drawing.classes, 0), empty)


def raster_in_windows(drawing, shape, side, empty=255):
    """The same, drawn window by window."""
    canvas = np.zeros(shape, np.uint8)
    for top in range(0, shape[0], side):
        for left in range(0, shape[1], side):
            window = Box((top, left), (min(top + side, shape[0]), min(left + side, shape[1])))
            canvas[window.slices] = drawing.raster(window, np.maximum(drawing.classes, 0), empty)
    return canvas
