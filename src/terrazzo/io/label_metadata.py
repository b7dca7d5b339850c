"""What OME-NGFF says of images of classes: names and colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from terrazzo.io.ngff import rendering
from terrazzo.regions.annotation import NOT_ANNOTATED
from terrazzo.regions.probability import CERTAIN

VERSION = "0.5"
TRANSPARENT = [0, 0, 0, 0]


def superpixel_image(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a label image of superpixels, with its entry of "multiscales"."""
    return _label_image(entry, [(0, "no superpixel", TRANSPARENT)], VERSION)


def class_image(
    entry: dict[str, Any], class_names: Sequence[str], colours: Sequence[str], version: str = VERSION
) -> dict[str, Any]:
    """Return the metadata of a label image of classes, of version 0.5 or 0.4; what has no class is transparent."""
    rgba = [[*bytes.fromhex(colour.lstrip("#")), 255] for colour in colours]
    classes = zip(range(len(rgba)), class_names, rgba, strict=True)
    return _label_image(entry, [*classes, (NOT_ANNOTATED, "no class", TRANSPARENT)], version)


def probability_image(entry: dict[str, Any], class_names: Sequence[str], colours: Sequence[str]) -> dict[str, Any]:
    """Return the metadata of an image with a channel per class, in the class's colour."""
    return {"version": VERSION, "multiscales": [entry], "omero": rendering(class_names, colours, CERTAIN)}


def _label_image(entry: dict[str, Any], values: list[tuple[int, str, list[int]]], version: str) -> dict[str, Any]:
    of_label = {
        "source": {"image": "../../"},
        "colors": [{"label-value": value, "rgba": rgba} for value, _, rgba in values],
        "properties": [{"label-value": value, "class": name} for value, name, _ in values],
    }
    if version == VERSION:
        return {"version": version, "multiscales": [entry], "image-label": of_label}
    return {"multiscales": [{"version": version, **entry}], "image-label": {"version": version, **of_label}}
