"""What OME-NGFF says of images of classes: names and colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from terrazzo.io.ngff import rendering
from terrazzo.regions.classes.annotation import NOT_ANNOTATED
from terrazzo.regions.classes.probability import CERTAIN

VERSION = "0.5"
SOURCE = {"source": {"image": "../../"}}


def superpixel_image(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata of a label image of superpixels, with its entry of "multiscales"."""
    # a viewer that is told the colour of some values makes all others transparent
    return {"version": VERSION, "multiscales": [entry], "image-label": {**SOURCE, "colors": []}}


def class_image(
    entry: dict[str, Any], class_names: Sequence[str], colours: Sequence[str], version: str = VERSION
) -> dict[str, Any]:
    """Return the metadata of a label image of classes, of version 0.5 or 0.4; what has no class is transparent."""
    shown = [*([*bytes.fromhex(colour.lstrip("#")), 255] for colour in colours), [0, 0, 0, 0]]
    values = [*range(len(class_names)), NOT_ANNOTATED]
    of_label = {
        **SOURCE,
        "colors": [{"label-value": value, "rgba": rgba} for value, rgba in zip(values, shown, strict=True)],
        "properties": [
            {"label-value": value, "class": name}
            for value, name in zip(values, (*class_names, "no class"), strict=True)
        ],
    }
    if version == VERSION:
        return {"version": version, "multiscales": [entry], "image-label": of_label}
    return {"multiscales": [{"version": version, **entry}], "image-label": {"version": version, **of_label}}


def probability_image(entry: dict[str, Any], class_names: Sequence[str], colours: Sequence[str]) -> dict[str, Any]:
    """Return the metadata of an image with a channel per class, in the class's colour."""
    return {"version": VERSION, "multiscales": [entry], "omero": rendering(class_names, colours, CERTAIN)}
