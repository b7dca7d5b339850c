"""LabelMe's JSON: the shapes of one image, each with a label."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.annotations.canvas import Canvas
from terrazzo.io.annotations.json_members import members_of
from terrazzo.io.annotations.mask_outlines import check_mask_size, mask_parts
from terrazzo.io.annotations.shape_parts import Part, class_text, ellipse, points_of
from terrazzo.regions.outlines.drawing import Drawing, DrawingBuilder

SHAPES = "shapes"
POLYGON = "polygon"


def labelme_drawing(path: Path, text: str, canvas: Canvas | None) -> Drawing:
    """Return the shapes of a file, whose points are (x, y) in pixels, counted from the corner of the first.

    Raises
    ------
    InputError
        If a shape has no points or is of no known type, which the message names by its number, or the file says that
        its image is of another size than the canvas.
    json.JSONDecodeError
        If the text is no JSON.
    """
    builder = DrawingBuilder()
    size: dict[str, Any] = {}
    for key, value, _, _ in members_of(text, (SHAPES,)):
        if key == SHAPES:
            try:
                builder.add(*_shape(value), None)
            except InputError as error:
                raise InputError(f"'{path}', shape {builder.count + 1}: {error}") from error
        elif key in ("imageWidth", "imageHeight"):
            size[key] = value
    if canvas is not None:
        _check_size(path, canvas, size)
    return builder.drawing()


def _check_size(path: Path, canvas: Canvas, size: Mapping[str, Any]) -> None:
    try:
        canvas.check_size(size.get("imageWidth"), size.get("imageHeight"))
    except InputError as error:
        raise InputError(f"'{path}': {error}") from error


def _shape(shape: Any) -> tuple[list[Part], str | None]:
    if not isinstance(shape, dict):
        raise InputError("it is no object with points and a label; save it again in LabelMe")
    kind = shape.get("shape_type") or POLYGON
    if not isinstance(kind, str) or kind not in READ:
        raise InputError(f"its shape_type is {str(kind)[:40]!r}; it must be one of {', '.join(READ)}")
    points = shape.get("points")
    if not isinstance(points, list) or not points:
        raise InputError("it has no points; draw it again")
    parts = _mask(shape, points_of(points, 1)) if kind == MASK else READ[kind](points)
    return parts, class_text(shape.get("label"))


def _polygon(points: Any) -> list[Part]:
    return [(True, [points_of(points, 3)])]


def _rectangle(points: Any) -> list[Part]:
    """Two corners that face each other, whichever was drawn first; other programs write all four."""
    if len(points) != 2:
        return _polygon(points)
    (top, left), (bottom, right) = np.sort(points_of(points, 2), axis=0)
    return [(True, [np.array([(top, left), (top, right), (bottom, right), (bottom, left)])])]


def _circle(points: Any) -> list[Part]:
    """The middle and a point of the outline."""
    middle, rim = points_of(points, 2)[:2]
    radius = np.hypot(*(rim - middle))
    if not radius:
        raise InputError("its circle has no radius; draw it again")
    return [(True, [ellipse(middle, np.array([radius, 0.0]), np.array([0.0, radius]))])]


def _line(points: Any) -> list[Part]:
    return [(False, [points_of(points, 2)])]


def _points(points: Any) -> list[Part]:
    return [(False, [point[None]]) for point in points_of(points, 1)]


def _mask(shape: Mapping[str, Any], corners: NDArray[np.float64]) -> list[Part]:
    """A picture of the mask whose first pixel is the one of the first corner."""
    top, left = np.rint(corners[0]).astype(int).tolist()
    return mask_parts(_decoded(shape.get("mask")), (top, left))


def _decoded(text: Any) -> NDArray[np.bool_]:
    try:
        with PIL.Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=("PNG",)) as picture:
            check_mask_size(picture.height, picture.width)
            pixels = np.asarray(picture)
    except InputError:
        raise
    except (TypeError, ValueError, OSError, SyntaxError, binascii.Error, PIL.Image.DecompressionBombError) as error:
        raise InputError("its mask is no PNG in base64; save it again in LabelMe") from error
    mask: NDArray[np.bool_] = (pixels if pixels.ndim == 2 else pixels[..., :3].any(axis=-1)) != 0
    if not mask.any():
        raise InputError("its mask is empty; remove it")
    return mask


MASK = "mask"
READ: dict[str, Callable[[Any], list[Part]]] = {
    POLYGON: _polygon,
    "rectangle": _rectangle,
    "oriented_rectangle": _polygon,
    "circle": _circle,
    "line": _line,
    "linestrip": _line,
    "point": _points,
    "points": _points,
    MASK: _polygon,
}
