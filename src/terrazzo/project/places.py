"""Places to draw at, as GeoJSON that QuPath and napari open: rectangles without a class."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrazzo.errors import InputError
from terrazzo.io.annotations.open_annotation import drawn_scale
from terrazzo.io.images.image import Image
from terrazzo.io.output_path import check_ending
from terrazzo.io.results.geojson_writer import check_file_absent, geojson_file
from terrazzo.project.project import Project


@dataclass(frozen=True)
class Place:
    """A place to draw at.

    Parameters
    ----------
    image : str
        The name of the image in the project.
    start, stop : tuple of int
        Its first pixel and the one after its last, (y, x) or (z, y, x).
    gain : float
        How much is expected of drawing there: how unsure superpixels are, times how unlike they are what is drawn and
        what is suggested before. In no unit.
    margin : float
        The probability of the likeliest class less that of the next, as calibrated, in the mean of the superpixels.
    classes : tuple of str
        These two.
    """

    image: str
    start: tuple[int, ...]
    stop: tuple[int, ...]
    gain: float
    margin: float
    classes: tuple[str, str]


def write_places(places: Sequence[Place], project: Project, path: str | Path, *, overwrite: bool = False) -> list[Path]:
    """Write places as GeoJSON: those on one image into a file, on several into a folder with a file for each.

    Parameters
    ----------
    places : sequence of Place
        As `suggest` gives them.
    project : Project
        Whose images they are on.
    path : path
    overwrite : bool
        Whether files that are there are replaced.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InputError
        If a file is there and `overwrite` is false, or cannot be written; if the images are volumes.
    """
    names = list(dict.fromkeys(one.image for one in places))
    if not names:
        raise InputError(f"there is no place to write to '{path}': all is drawn on, or the model is sure everywhere")
    several = len(names) > 1
    check_ending(path, "results" if several else "polygons")
    files = [Path(path) / f"{name}.geojson" if several else Path(path) for name in names]
    for file in files:
        check_file_absent(file, overwrite)
    for name, file in zip(names, files, strict=True):
        image = project.image(name)
        if len(image.extent) != 2:
            raise InputError(f"'{image.path}' is a volume, and GeoJSON has shapes on a plane; use the places in Python")
        file.parent.mkdir(parents=True, exist_ok=True)
        _write([one for one in places if one.image == name], image, file, overwrite)
    return files


def _write(places: Sequence[Place], image: Image, file: Path, overwrite: bool) -> None:
    scale_y, scale_x = drawn_scale(image)
    with geojson_file(file, overwrite) as target:
        for number, place in enumerate(places, 1):
            (top, left), (bottom, right) = place.start, place.stop
            corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
            ring = [[x / scale_x, y / scale_y] for x, y in corners]
            target.write(",\n" if number > 1 else "")
            target.write(json.dumps(_feature(number, place, ring)))


def _feature(number: int, place: Place, ring: list[list[float]]) -> dict[str, Any]:
    name = f"{number}: {' or '.join(place.classes)}?"
    return {
        "type": "Feature",
        "id": str(uuid.uuid4()),
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "objectType": "annotation",
            "name": name,
            "measurements": {"gain": round(place.gain, 4), "margin": round(place.margin, 4)},
        },
    }
