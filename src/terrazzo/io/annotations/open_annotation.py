"""Open annotations of any kind: label images, and shapes of QuPath, napari, LabelMe, COCO and ImageJ."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from terrazzo.arguments import require_array
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.annotations.annotation import Annotation
from terrazzo.io.annotations.canvas import Canvas
from terrazzo.io.annotations.check_drawing import check_drawing, shape_name
from terrazzo.io.annotations.drawn_array import (
    NAPARI_SUFFIX,
    ROI_SUFFIXES,
    CountedFromOne,
    DrawnArray,
    opened_drawing,
)
from terrazzo.io.images.colour_coded import ColourCoded
from terrazzo.io.images.image import Image
from terrazzo.io.images.open_image import axes_by_lengths, axis_lengths, open_image, open_labels
from terrazzo.io.images.stored_array import reading_chunks
from terrazzo.io.readers.axes import MOST_GUESSED_CHANNELS
from terrazzo.io.readers.formats import is_drawn
from terrazzo.io.readers.location import last_name
from terrazzo.io.readers.selection import Parts, Select, Selected
from terrazzo.io.results.result import Result
from terrazzo.named_axes import extent_of, names_axes
from terrazzo.regions.classes.annotation import NOT_ANNOTATED
from terrazzo.regions.outlines.drawing import UNCLASSED, Drawing
from terrazzo.wording import SPATIAL_AXES

Drawn: TypeAlias = "Image | Result | Any"
PathLike: TypeAlias = "str | os.PathLike[str]"
Classes: TypeAlias = Sequence[str] | Mapping[str, str]

# QuPath leaves classes whose names end so out of its results, such as "Ignore*"
IGNORED = "*"


def open_annotation(
    path: PathLike,
    image: Drawn,
    *,
    classes: Classes | None = None,
    empty: int = NOT_ANNOTATED,
    level: int = 0,
    axes: str | None = None,
    map: Mapping[int, int] | None = None,
    select: Select | None = None,
) -> Annotation:
    """Open an annotation of an image: a label image, or a file of shapes.

    Shapes are read from GeoJSON as QuPath exports it, LabelMe's JSON, COCO's JSON (the objects on the image with the
    name of this one), a layer of napari as CSV, and regions of ImageJ as .roi or .zip. They are drawn window by window,
    where they are read. A pixel is in a polygon if its centre is. Lines and points are as wide as the pixels that they
    pass through. Later shapes lie over earlier ones.

    Parameters
    ----------
    path : path
        A file ending in .geojson, .json, .csv, .roi or .zip holds shapes; anything else is a label image, as for
        `open_labels`.
    image : Image, Result or array
        What was annotated. Shapes are in pixels of level 0 of its file, and are scaled to its level.
    classes : sequence of str, or mapping of str to str, optional
        The names of the classes, in the order of their values. By default those of the shapes, sorted by name; of a
        result those of its model. With one name, shapes without a class have it. In a mapping each name has a colour
        `#rrggbb`: by these a label image of colours is read, as `open_labels` says.
    empty : int
        The value of a label image that says "not annotated": 255, or 0, where classes count from 1.
    level, axes, map, select
        Of a label image, as for `open_labels`; axes that its file does not say are those of an image of the same
        lengths. A map says as well what is not annotated, in place of `empty`. Without
        `select`, the times and sections that are open of the image are taken of a label image as well, where that has
        as many.

    Returns
    -------
    Annotation

    Raises
    ------
    InputError
        If the file cannot be read; of shapes, if there is none, one has no class or none of `classes`, lies outside
        the image, crosses itself, or has coordinates that are no numbers, the image is a volume, or the file is of
        another image or of one of another size.
    ParameterError
        If `classes` has a name twice or more than 255, `empty` is neither 255 nor 0 or comes with a map, or shapes come
        with a map; if `path` is no path, or shapes come with no image.
    """
    names = _checked_names(classes)
    if names is None and isinstance(image, Result):
        names = tuple(image.run["class_names"])
    colours = tuple(classes.values()) if isinstance(classes, Mapping) else None
    if is_drawn(path):
        if map is not None:
            raise ParameterError(
                f"'{path}' holds shapes, whose classes have names, and a map is for the values of label images; leave "
                "it out, or name the classes in the order of their values"
            )
        array, drawing = _drawn_on(path, image)
        return _drawn_annotation(array, drawing, names or _own_names(path, drawing), colours)
    if empty != NOT_ANNOTATED and map is not None:
        raise ParameterError(f"empty is {empty} and there is a map; leave empty out and map {empty}={NOT_ANNOTATED}")
    labels = _open_labels(path, image, level, axes, select, colours=colours, map=map)
    return _label_annotation(labels, names, colours, empty)


def open_annotations(
    paths: Sequence[PathLike],
    images: Sequence[Drawn],
    *,
    classes: Classes | None = None,
    empty: int = NOT_ANNOTATED,
    level: int = 0,
    axes: str | None = None,
    map: Mapping[int, int] | None = None,
    select: Select | None = None,
) -> list[Annotation]:
    """Open the annotation of each image, with the same classes in all: by default those of all shapes, sorted by name.

    Parameters and errors are those of `open_annotation`.
    """
    if not isinstance(paths, list | tuple) or not isinstance(images, list | tuple):
        raise ParameterError("paths and images must be lists; write open_annotations([path], [image])")
    if len(paths) != len(images):
        raise InputError(f"{len(images)} images came with {len(paths)} annotations; give one each")
    if classes is None:
        drawn = [pair for pair in zip(paths, images, strict=True) if is_drawn(pair[0])]
        classes = sorted({name for pair in drawn for name in _own_names(pair[0], _drawn_on(*pair)[1])}) or None
    options: dict[str, Any] = {"classes": classes, "empty": empty, "level": level, "axes": axes, "map": map}
    options["select"] = select
    return [open_annotation(path, image, **options) for path, image in zip(paths, images, strict=True)]


def open_mask(path: PathLike, image: Drawn, *, axes: str | None = None, select: Select | None = None) -> Image:
    """Open a mask of an image: a label image whose 0 is outside, or shapes, whose inside is inside.

    `axes` and `select` are those of a label image, as for `open_annotation`.
    """
    if not is_drawn(path):
        return _open_labels(path, image, 0, axes, select)
    array, drawing = _drawn_on(path, image)
    inside = tuple((name, 1) for name in drawing.names)
    return Image(replace(array, values=inside, unclassed=1, empty=0), ("mask",))


def _drawn_on(path: PathLike, image: Drawn) -> tuple[DrawnArray, Drawing]:
    """Return an array that draws nothing yet, and what there is to draw, checked."""
    file = Path(path).expanduser().absolute()
    if not file.is_file():
        raise InputError(f"There is no file at '{file}'.")
    extent = _extent(image)
    if len(extent) != 2:
        raise InputError(f"'{file}' holds shapes on a plane and the image is a volume; give its annotation as labels")
    scale_y, scale_x = drawn_scale(image)
    scale = (scale_y, scale_x)
    modified = file.stat().st_mtime_ns
    canvas = _canvas(image)
    drawing = opened_drawing(file, modified, scale, canvas)
    check_drawing(str(file), drawing, extent)
    shape, dtype = (1, *extent), np.dtype(np.uint8)
    chunks = reading_chunks(shape, None, dtype.itemsize)
    stored = (str(file), "drawn", "", "yx", shape, dtype, chunks, modified)
    return DrawnArray(*stored, scale=scale, canvas=canvas), drawing


def _drawn_annotation(
    array: DrawnArray, drawing: Drawing, names: tuple[str, ...], colours: tuple[str, ...] | None
) -> Annotation:
    used = {int(index) for index in np.unique(drawing.classes)}
    for index in used - {UNCLASSED}:
        name = drawing.names[index]
        if name not in names and not name.endswith(IGNORED):
            part = int(np.argmax(drawing.classes == index))
            raise InputError(
                f"'{array.path}', {shape_name(drawing, part)} is of none of the classes {', '.join(names)}; name all "
                f"classes in the right order (one whose name ends in {IGNORED} may be left out)"
            )
    if len(names) > 1:
        _refuse_unclassed(array.path, drawing)
    values = tuple((name, value) for value, name in enumerate(names))
    stored = replace(array, values=values, unclassed=0)
    own = tuple(drawing.colours.get(name) for name in names)
    return Annotation(stored, ("annotation",), class_names=names, colours=colours or own)


def _open_labels(
    path: PathLike, image: Drawn, level: int, axes: str | None, select: Select | None, **how: Any
) -> Image:
    """Open a label image; without a selection of its own, at the times and sections at which the image is open.

    Where its file does not say what its axes are and it is as long along each as the image, they are the image's.
    """
    if axes is None:
        axes = _axes_of_image(path, image, level)
    chosen: Select | dict[str, slice] | None = select
    if select is None and (parts := [part for part in _selected(image) if part.axis in "tz"]):
        lengths = axis_lengths(path, level=level, axes=axes)
        chosen = {one.axis: slice(one.start, one.stop) for one in parts if lengths.get(one.axis) == one.length}
    return open_labels(path, level=level, axes=axes, select=chosen, **how)


def _axes_of_image(path: PathLike, image: Drawn, level: int) -> str | None:
    """Return the axes of a label image without any, from those of its image as it is open or as a whole."""
    extent = _extent(image)
    opened = dict(zip(SPATIAL_AXES[-len(extent) :], extent, strict=True))
    lengths = opened | {part.axis: part.length for part in _selected(image) if part.axis in "tz"}
    whole = {axis: lengths[axis] for axis in f"t{SPATIAL_AXES}" if axis in lengths}
    # two axes are y and x anyway
    likely = (axes_by_lengths(path, each, level=level) for each in (opened, whole) if len(each) > 2)
    return next((axes for axes in likely if axes is not None), None)


def _selected(image: Drawn) -> Parts:
    """Return what is open of the axes of what was annotated."""
    if isinstance(image, Result):
        return tuple(Selected(*part) for part in image.run["made_from"].get("selected", ()))
    return image.stored.selected if isinstance(image, Image) else ()


def _label_annotation(
    labels: Image, names: tuple[str, ...] | None, colours: tuple[str, ...] | None, empty: int
) -> Annotation:
    stored = labels.stored
    if empty != NOT_ANNOTATED and isinstance(stored, ColourCoded):
        raise ParameterError(f"empty is {empty}, and '{labels.path}' has colours, of which others are; leave it out")
    if empty == 0:
        stored = CountedFromOne.of(stored)
    elif empty != NOT_ANNOTATED:
        raise ParameterError(f"empty is {empty}; it must be {NOT_ANNOTATED}, or 0 where classes count from 1")
    known = (labels.channels, labels.pixel_size, labels.pixel_unit, labels.level, labels.levels)
    return Annotation(stored, *known, class_names=names, colours=colours)


def _own_names(path: PathLike, drawing: Drawing) -> tuple[str, ...]:
    """Return the classes of shapes that name them, sorted."""
    names = sorted(name for name in drawing.names if not name.endswith(IGNORED))
    if not names:
        raise InputError(f"'{path}' has shapes without classes; {_how_to_class(path)}")
    _refuse_unclassed(path, drawing)
    if len(names) > NOT_ANNOTATED:
        raise InputError(f"'{path}' has {len(names)} classes; there may be {NOT_ANNOTATED}: give like shapes one class")
    return tuple(names)


def _refuse_unclassed(path: PathLike, drawing: Drawing) -> None:
    unclassed = np.flatnonzero(drawing.classes == UNCLASSED)
    if unclassed.size:
        raise InputError(f"'{path}', {shape_name(drawing, int(unclassed[0]))} has no class; {_how_to_class(path)}")


def _how_to_class(path: PathLike) -> str:
    suffix = Path(path).suffix.lower()
    if suffix == NAPARI_SUFFIX:
        return "add a column 'class' with the name of each shape's class"
    if suffix in ROI_SUFFIXES:
        return "rename regions after their class in the ROI Manager, or put them into groups, and save them again"
    if suffix == ".json":
        return "give each shape a class (QuPath), a label (LabelMe) or a category (COCO) and export again"
    return f"set its class in QuPath and export again (a class such as Ignore{IGNORED} is left out)"


def _checked_names(classes: Classes | None) -> tuple[str, ...] | None:
    names = None if classes is None else tuple(classes)
    if names is not None and not (1 <= len(set(names)) == len(names) <= NOT_ANNOTATED and all(names)):
        raise ParameterError(
            f"classes are {', '.join(names[:8])}; give 1 to {NOT_ANNOTATED} different names, none of them empty"
        )
    return names


def drawn_scale(image: Drawn) -> tuple[float, ...]:
    """Return what (y, x) of shapes, in pixels of level 0 of the file, are multiplied by to be pixels of an image."""
    pairs = zip(_extent(image), _full_extent(image), strict=True)
    return tuple(_ratio(length, finest) for length, finest in pairs)


def _canvas(image: Drawn) -> Canvas:
    path = image.run["made_from"]["image"] if isinstance(image, Result) else getattr(image, "path", "")
    channels = len(image.channels) if isinstance(image, Image) else MOST_GUESSED_CHANNELS
    return Canvas(last_name(path).name, _full_extent(image), channels)


def _full_extent(image: Drawn) -> tuple[int, ...]:
    """Return the extent of level 0 of the file that an image is from."""
    extent = _extent(image)
    if isinstance(image, Result):
        made_from = image.run["made_from"]
        return _finest(made_from["image"], made_from["level"], made_from["axes"], _selected(image), extent)
    if isinstance(image, Image):
        return _finest(image.path, image.level, image.stored.axes, image.stored.selected, extent)
    return extent


def _extent(image: Drawn) -> tuple[int, ...]:
    """Return the extent of what was annotated."""
    if isinstance(image, Image | Result):
        return image.extent if isinstance(image, Image) else image.grid.lattice.shape
    if names_axes(image):
        return extent_of(image)
    require_array(image, "the image", "tz.open_image")
    return tuple(int(length) for length in np.shape(image)[-2:])


def _finest(path: str, level: int, axes: str, selected: Parts, extent: tuple[int, ...]) -> tuple[int, ...]:
    """Return the extent of level 0 of the file that an image of another level is from."""
    if level == 0:
        return extent
    select = {part.axis: slice(part.start, part.stop) for part in selected}
    return open_image(path, axes=axes, select=select).extent


def _ratio(length: int, whole: int) -> float:
    """Return what a level is smaller by: a whole factor where its length is that but for rounding."""
    factor = round(whole / length)
    return 1 / factor if abs(factor * length - whole) < factor else length / whole
