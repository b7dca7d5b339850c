"""Shapes in JSON: whose it is is told by what it says, never by its name."""

from __future__ import annotations

import json
from pathlib import Path

from terrazzo.errors import InputError
from terrazzo.io.annotations import coco, geojson, labelme
from terrazzo.io.annotations.canvas import Canvas
from terrazzo.io.annotations.json_members import is_list, members_of
from terrazzo.regions.outlines.drawing import Drawing

GEOJSON, LABELME, COCO = "GeoJSON", "LabelMe", "COCO"
LISTS = {
    geojson.FEATURES: GEOJSON,
    labelme.SHAPES: LABELME,
    coco.IMAGES: COCO,
    coco.OBJECTS: COCO,
}


def read_json_shapes(path: Path, canvas: Canvas | None = None) -> Drawing:
    """Read GeoJSON as QuPath writes it, LabelMe's JSON or COCO's.

    Parameters
    ----------
    path : Path
    canvas : Canvas, optional
        What the shapes are drawn on: of a COCO file the image whose objects are read, by default all.

    Raises
    ------
    InputError
        If it is none of them, or a shape cannot be read; the message names the shape.
    """
    try:
        text = path.read_text("utf-8-sig")
        kind = json_kind(text)
        if kind == LABELME:
            return labelme.labelme_drawing(path, text, canvas)
        if kind == COCO:
            return coco.coco_drawing(path, text, canvas)
        return geojson.geojson_drawing(path, text)
    except InputError:
        raise
    except json.JSONDecodeError as error:
        raise InputError(f"'{path}' is no JSON: {error}; export it again") from error
    except UnicodeDecodeError as error:
        raise InputError(f"'{path}' is no text in UTF-8; export it again, not compressed") from error
    except RecursionError as error:
        raise InputError(f"'{path}' is nested too deeply for shapes; export it again") from error
    except ValueError as error:
        raise InputError(
            f"'{path}' is JSON without shapes of an image: {error}; export GeoJSON in pixels (a FeatureCollection), "
            "LabelMe's JSON or COCO's"
        ) from error


def images_in(path: Path) -> tuple[str, ...] | None:
    """Return the names of the images that a file of many images is about; None of any other, or of no JSON."""
    try:
        text = path.read_text("utf-8-sig")
        return coco.image_names(path, text) if json_kind(text) == COCO else None
    except (OSError, ValueError, RecursionError):
        return None


def json_kind(text: str) -> str:
    """Return whose JSON a text is, by the first key that tells; GeoJSON where none does.

    Raises
    ------
    json.JSONDecodeError
        If the text is no JSON before such a key.
    """
    if is_list(text):
        return GEOJSON
    lists: set[str] = set()
    for key, value, _, _ in members_of(text, LISTS, lists):
        if lists:
            break
        if key == "type" and value in (geojson.COLLECTION, geojson.FEATURE):
            return GEOJSON
    return LISTS[lists.pop()] if lists else GEOJSON
