"""GeoJSON as QuPath writes it: features with a geometry in pixels and a classification."""

from __future__ import annotations

import itertools
import json
import unicodedata
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.annotations.json_features import FEATURE, features_of
from terrazzo.regions.outlines.drawing import Drawing, DrawingBuilder

Part = tuple[bool, list[NDArray[np.float64]]]

# beyond this no image reaches, and sums of products of coordinates stay exact enough
MOST_PIXELS = 2.0**40
MOST_LETTERS = 200
GEOMETRIES = ("Polygon", "MultiPolygon", "LineString", "MultiLineString", "Point", "MultiPoint", "GeometryCollection")


def read_geojson(path: Path) -> Drawing:
    """Read a FeatureCollection, a list of features or one feature, whose coordinates are (x, y) in pixels.

    Raises
    ------
    InputError
        If it is none, or a feature has no geometry or one that is not numbers; the message names the feature.
    """
    try:
        return _drawing(path, features_of(path.read_text("utf-8-sig")))
    except json.JSONDecodeError as error:
        raise InputError(f"'{path}' is no JSON: {error}; export it again as GeoJSON") from error
    except UnicodeDecodeError as error:
        raise InputError(f"'{path}' is no text in UTF-8; export it again as GeoJSON, not compressed") from error
    except RecursionError as error:
        raise InputError(f"'{path}' is nested too deeply for GeoJSON; export it again") from error


def _drawing(path: Path, features: Iterator[Any]) -> Drawing:
    builder = DrawingBuilder()
    try:
        for feature in features:
            number = builder.count + 1
            try:
                builder.add(list(_parts(_geometry(feature))), *_class(feature.get("properties")))
            except InputError as error:
                raise InputError(f"'{path}', shape {number}: {error}") from error
    except (InputError, json.JSONDecodeError):
        raise
    except ValueError as error:
        raise InputError(f"'{path}' is no GeoJSON of features: {error}; export a FeatureCollection") from error
    return builder.drawing()


def _geometry(feature: Any) -> Mapping[str, Any]:
    if not isinstance(feature, dict) or feature.get("type") != FEATURE:
        raise InputError("it is no GeoJSON Feature; export a FeatureCollection")
    geometry = feature.get("geometry")
    if not isinstance(geometry, dict):
        raise InputError("it has no geometry; remove it or draw it again")
    plane = geometry.get("plane")
    if isinstance(plane, dict) and any(plane.get(axis) not in (None, 0, -1) for axis in "zt"):
        raise InputError("it lies on a plane other than z 0 and t 0; only shapes of that one are read")
    return geometry


def _parts(geometry: Any) -> Iterator[Part]:
    """Yield polygons, lines and points of a geometry of any kind."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in GEOMETRIES:
        raise InputError(f"its geometry is of type {str(kind)[:40]!r}; it must be one of {', '.join(GEOMETRIES)}")
    if kind == "GeometryCollection":
        for one in _listed(geometry.get("geometries")):
            yield from _parts(one)
        return
    within = geometry.get("coordinates")
    for one in _listed(within) if kind.startswith("Multi") else [within]:
        if kind.endswith("Polygon"):
            yield True, [_points(ring, 3) for ring in _listed(one)]
        elif kind.endswith("LineString"):
            yield False, [_points(one, 2)]
        else:
            yield False, [_points([one], 1)]


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise InputError("its geometry has no coordinates; remove it or draw it again")
    return value


def _points(pairs: Any, least: int) -> NDArray[np.float64]:
    """Return (x, y) pairs, or longer, as (y, x)."""
    try:
        lengths = set(map(len, pairs))
        # refuses a text at once, where numpy would give every number the room of the longest one
        numbers = array("d", itertools.chain.from_iterable(pairs))
    except (TypeError, OverflowError):
        lengths = set()
    if len(lengths) != 1 or min(lengths) < 2:
        raise InputError("its coordinates are not pairs of numbers; export it again")
    points = np.frombuffer(numbers).reshape(-1, *lengths)[:, 1::-1]
    if not (np.abs(points) <= MOST_PIXELS).all():
        raise InputError("its coordinates are not finite or no pixels of any image; draw it again")
    if len(points) < least:
        raise InputError(f"a ring or line of it has {len(points)} points and needs {least}; draw it again")
    return points


def _class(properties: Any) -> tuple[str | None, str | None]:
    """Return the name and the colour of a feature's class.

    QuPath keeps both in `classification`. Files without QuPath's `objectType` may say `class`, `label` or `name`
    instead: in QuPath's own that is what a user calls the one object.
    """
    if not isinstance(properties, dict):
        return None, None
    classification = properties.get("classification")
    if isinstance(classification, dict):
        names = classification.get("names")
        name = ": ".join(map(str, names)) if isinstance(names, list) and names else classification.get("name")
        return _text(name), _colour(classification)
    found = _text(classification)
    if found is None and "objectType" not in properties:
        found = next((name for key in ("class", "label", "name") if (name := _text(properties.get(key)))), None)
    return found, _colour(properties)


def class_name(text: str) -> str | None:
    """Return the name of a class with single spaces, or None where nothing is left of it.

    Raises
    ------
    InputError
        If it is longer than 200 letters, or holds signs that cannot be printed.
    """
    name = " ".join(text.split())
    if len(name) > MOST_LETTERS:
        raise InputError(f"its class has a name of {len(name)} letters; at most {MOST_LETTERS} are allowed: shorten it")
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
        raise InputError(f"its class has the name {name!a}, with signs that cannot be printed; rename it")
    return name or None


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return class_name(str(value))


def _colour(values: Mapping[str, Any]) -> str | None:
    """Return `color` (three numbers) or `colorRGB` (one, which may be negative) as #rrggbb."""
    colour, packed = values.get("color"), values.get("colorRGB")
    if isinstance(colour, list) and len(colour) >= 3 and all(_is_byte(value) for value in colour[:3]):
        return "#{:02x}{:02x}{:02x}".format(*colour)
    if isinstance(packed, int) and not isinstance(packed, bool):
        return f"#{packed & 0xFFFFFF:06x}"
    return None


def _is_byte(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255
