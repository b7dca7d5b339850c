"""What OME-NGFF says of images of classes: names and colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from terrazzo.io.ngff import rendering
from terrazzo.regions.annotation import NOT_ANNOTATED
from terrazzo.regions.probability import CERTAIN

VERSION = "0.5"


def label_image(
    entry: dict[str, Any], class_names: Sequence[str] = (), colours: Sequence[str] = (), version: str = VERSION
) -> dict[str, Any]:
    """Return the metadata of a label image, with an entry of "multiscales"; without names it says nothing of values.

    What belongs to no class has the value 255 and is transparent.
    """
    of_label: dict[str, Any] = {"source": {"image": "../../"}}
    if class_names:
        transparent = {"label-value": NOT_ANNOTATED, "rgba": [0, 0, 0, 0]}
        shown = [{"label-value": value, "rgba": _rgba(colour)} for value, colour in enumerate(colours)]
        named = [{"label-value": value, "class": name} for value, name in enumerate(class_names)]
        of_label |= {"colors": [*shown, transparent], "properties": named}
    if version == VERSION:
        return {"version": version, "multiscales": [entry], "image-label": of_label}
    return {"multiscales": [{"version": version, **entry}], "image-label": {"version": version, **of_label}}


def probability_image(entry: dict[str, Any], class_names: Sequence[str], colours: Sequence[str]) -> dict[str, Any]:
    """Return the metadata of an image with a channel per class, in the class's colour."""
    return {"version": VERSION, "multiscales": [entry], "omero": rendering(class_names, colours, CERTAIN)}


def _rgba(colour: str) -> list[int]:
    return [*bytes.fromhex(colour.lstrip("#")), 255]
