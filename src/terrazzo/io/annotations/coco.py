"""COCO's JSON: objects of many images in one file, each of a category, as polygons or masks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from terrazzo.errors import InputError
from terrazzo.io.annotations.canvas import Canvas
from terrazzo.io.annotations.json_members import members_of, value_at
from terrazzo.io.annotations.mask_outlines import mask_parts
from terrazzo.io.annotations.run_lengths import mask_of_runs
from terrazzo.io.annotations.shape_parts import Part, class_text, points_of, rgb_colour
from terrazzo.io.readers.location import last_name, stem_of
from terrazzo.regions.outlines.drawing import Drawing, DrawingBuilder
from terrazzo.wording import listed

IMAGES, OBJECTS, CATEGORIES = "images", "annotations", "categories"
MOST_NAMED = 5


@dataclass
class CocoFile:
    """A file's text, and where in it the objects of each image are.

    Parameters
    ----------
    text : str
    images : dict
        By id, what the file says of them.
    categories : dict
        By id, name and colour.
    places : dict
        By the id of an image, the number in the file and the place in the text of each object.
    """

    text: str
    images: dict[Hashable, Mapping[str, Any]] = field(default_factory=dict)
    categories: dict[Hashable, tuple[str | None, str | None]] = field(default_factory=dict)
    places: dict[Hashable, list[tuple[int, int]]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The images' names, without folders."""
        return tuple(_name(image) for image in self.images.values())


def coco_drawing(path: Path, text: str, canvas: Canvas | None) -> Drawing:
    """Return the objects on the image of the canvas, or without one those of all images.

    Of several images it is the one with the name of the canvas, or, where no name fits, the one whose name is the same
    but for the suffix. Coordinates are (x, y) in pixels, counted from the corner of the first.

    Raises
    ------
    InputError
        If the image is not in the file, or in another size; or an object has neither polygons nor a mask, which the
        message names by its id.
    json.JSONDecodeError
        If the text is no JSON.
    """
    file = _indexed(path, text)
    builder = DrawingBuilder()
    chosen = list(file.images) if canvas is None else [_chosen(path, file, canvas)]
    for image in chosen:
        for number, place in file.places.get(image, ()):
            found = value_at(file.text, place)
            title = _title(found, number)
            try:
                parts, category = _parts(found, file.images[image]), found.get("category_id")
                if category is not None and _key(category) not in file.categories:
                    raise InputError(f"its category_id is {category!r}, which the file's categories do not name")
                builder.add(parts, *file.categories.get(_key(category), (None, None)), title)
            except InputError as error:
                raise InputError(f"'{path}', {title}: {error}") from error
    return builder.drawing()


def image_names(path: Path, text: str) -> tuple[str, ...]:
    """Return the names of the images that a file is about."""
    return _indexed(path, text).names


# the last file only, whose text is held
@lru_cache(maxsize=1)
def _indexed(path: Path, text: str) -> CocoFile:
    file = CocoFile(text)
    number = 0
    try:
        for key, value, start, _ in members_of(text, (IMAGES, OBJECTS, CATEGORIES)):
            if key not in (IMAGES, OBJECTS, CATEGORIES):
                continue
            if not isinstance(value, dict):
                raise InputError(f"its {key} are no list of objects")
            if key == IMAGES:
                file.images[_key(value.get("id"))] = value
            elif key == CATEGORIES:
                colour = rgb_colour(value.get("color"))
                file.categories[_key(value.get("id"))] = (class_text(value.get("name")), colour)
            else:
                number += 1
                file.places.setdefault(_key(value.get("image_id")), []).append((number, start))
        if not file.images:
            raise InputError("it names no images; give the file with images, annotations and categories")
    except InputError as error:
        raise InputError(f"'{path}' is no COCO file: {error}") from error
    return file


def _chosen(path: Path, file: CocoFile, canvas: Canvas) -> Hashable:
    """Return the id of the image that is meant."""
    names = {image: _name(said) for image, said in file.images.items()}
    same = [image for image, name in names.items() if name == canvas.name]
    alike = [image for image, name in names.items() if canvas.name and stem_of(name) == stem_of(canvas.name)]
    fitting = same or alike or (list(names) if len(names) == 1 else [])
    if len(fitting) != 1:
        several = f"{len(fitting)} images of the name '{canvas.name}'" if fitting else _no_such_image(canvas)
        raise InputError(
            f"'{path}' names {several} among {listed(tuple(names.values())[:MOST_NAMED])}"
            f"{', ...' if len(names) > MOST_NAMED else ''}; give the image by its file, named as in there"
        )
    said = file.images[fitting[0]]
    try:
        canvas.check_size(said.get("width"), said.get("height"))
    except InputError as error:
        raise InputError(f"'{path}', image '{names[fitting[0]]}': {error}") from error
    return fitting[0]


def _no_such_image(canvas: Canvas) -> str:
    return f"no image '{canvas.name}'" if canvas.name else "several images, and an array has no name,"


def _name(image: Mapping[str, Any]) -> str:
    return str(last_name(str(image.get("file_name")).replace("\\", "/")))


def _key(identity: Any) -> Hashable:
    if not isinstance(identity, int | str | None):
        raise InputError(f"an id is {str(identity)[:40]}; it must be a number or a text")
    return identity


def _title(found: Mapping[str, Any], number: int) -> str:
    identity = found.get("id")
    return f"annotation {identity}" if isinstance(identity, int | str) else f"annotation number {number}"


def _parts(found: Mapping[str, Any], image: Mapping[str, Any]) -> list[Part]:
    drawn = found.get("segmentation")
    if isinstance(drawn, dict):
        return _mask(drawn, image)
    if not isinstance(drawn, list) or not drawn:
        raise InputError("it has no segmentation, and a box alone does not say which pixels; remove it or outline it")
    return [(True, [points_of(_pairs(polygon), 3)]) for polygon in drawn]


def _pairs(polygon: Any) -> list[Any]:
    if not isinstance(polygon, list) or len(polygon) % 2:
        raise InputError("its segmentation is neither a mask nor polygons x, y, x, y, ...; export it again")
    return list(zip(polygon[::2], polygon[1::2], strict=True))


def _mask(runs: Mapping[str, Any], image: Mapping[str, Any]) -> list[Part]:
    mask, corner = mask_of_runs(runs)
    size = [image.get("height"), image.get("width")]
    if None not in size and runs["size"] != size:
        raise InputError(
            f"its mask is {runs['size'][1]} x {runs['size'][0]} pixels and its image {size[1]} x {size[0]}"
        )
    return mask_parts(np.ascontiguousarray(mask), corner)
