"""GeoJSON as QuPath writes it: features with a geometry in pixels and a classification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from terrazzo.errors import InputError
from terrazzo.io.annotations.json_members import elements_of, is_list, members_of
from terrazzo.io.annotations.shape_parts import Part, class_text, points_of, rgb_colour
from terrazzo.regions.outlines.drawing import Drawing, DrawingBuilder

COLLECTION, FEATURE, FEATURES = "FeatureCollection", "Feature", "features"
GEOMETRIES = ("Polygon", "MultiPolygon", "LineString", "MultiLineString", "Point", "MultiPoint", "GeometryCollection")


def geojson_drawing(path: Path, text: str) -> Drawing:
    """Return a FeatureCollection, a list of features or one feature, whose coordinates are (x, y) in pixels.

    A coordinate counts from the corner of the first pixel.

    Raises
    ------
    InputError
        If a feature has no geometry or one that is not numbers; the message names the feature.
    json.JSONDecodeError
        If the text is no JSON.
    ValueError
        If it is JSON and has no features.
    """
    builder = DrawingBuilder()
    for feature in features_of(text):
        number = builder.count + 1
        try:
            builder.add(list(_parts(_geometry(feature))), *_class(feature.get("properties")))
        except InputError as error:
            raise InputError(f"'{path}', shape {number}: {error}") from error
    return builder.drawing()


def features_of(text: str) -> Iterator[Any]:
    """Yield what stands in the `features` of a FeatureCollection or in a list, or a Feature that stands alone."""
    if is_list(text):
        yield from elements_of(text)
        return
    other: dict[str, Any] = {}
    lists: set[str] = set()
    for key, value, _, _ in members_of(text, (FEATURES,), lists):
        if key in lists:
            yield value
        elif key == "crs" and value:
            raise ValueError("its coordinates are those of a map (crs), and here they are pixels")
        else:
            other[key] = value
    if not lists and other.get("type") == FEATURE:
        yield other
    elif not lists:
        raise ValueError(f"it is an object of type {str(other.get('type'))[:40]!r} without a list of features")


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
            yield True, [points_of(ring, 3) for ring in _listed(one)]
        elif kind.endswith("LineString"):
            yield False, [points_of(one, 2)]
        else:
            yield False, [points_of([one], 1)]


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise InputError("its geometry has no coordinates; remove it or draw it again")
    return value


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
        return class_text(name), _colour(classification)
    found = class_text(classification)
    if found is None and "objectType" not in properties:
        found = next((name for key in ("class", "label", "name") if (name := class_text(properties.get(key)))), None)
    return found, _colour(properties)


def _colour(values: Mapping[str, Any]) -> str | None:
    """Return `color` (three numbers) or `colorRGB` (one, which may be negative) as #rrggbb."""
    packed = values.get("colorRGB")
    found = f"#{packed & 0xFFFFFF:06x}" if isinstance(packed, int) and not isinstance(packed, bool) else None
    return rgb_colour(values.get("color")) or found
