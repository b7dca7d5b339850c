"""What is drawn in a project: which images have an annotation, and which classes they name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from terrazzo.errors import InputError
from terrazzo.io.annotations.annotation import Annotation
from terrazzo.io.annotations.open_annotation import open_annotation
from terrazzo.io.images.image import Image
from terrazzo.palette import PALETTE
from terrazzo.project.project_file import read_project, write_project
from terrazzo.project.project_images import opened_image


@dataclass(frozen=True, eq=False)
class Drawn:
    """An image of a project with what is drawn on it.

    Parameters
    ----------
    name : str
    image : Image
    annotation : Annotation
        With the classes of the project.
    """

    name: str
    image: Image
    annotation: Annotation


def drawn_images(folder: Path) -> list[Drawn]:
    """Return the images that something is drawn on; the project remembers classes that are new.

    Raises
    ------
    InputError
        If nothing is drawn, no class has a name, a shape lies outside its image, or an image is not where it was.
    """
    known = read_project(folder)
    opened = [(one, opened_image(folder, one)[0]) for one in known.images if _is_there(folder / one.annotation)]
    if not opened:
        named = ", ".join(f"'{one.annotation}'" for one in known.images[:3])
        how = f"draw at least two classes, and save them as {named}" if named else "add an image first"
        raise InputError(f"nothing is drawn in '{folder}': {how}")
    for one, image in opened:
        own = open_annotation(folder / one.annotation, image)
        if own.class_names is not None:
            colours = own.colours or (None,) * len(own.class_names)
            name_classes(folder, dict(zip(own.class_names, colours, strict=True)))
    classes = list(read_project(folder).classes)
    if not classes:
        raise InputError(
            f"'{opened[0][0].annotation}' names no classes, and nor does the project; name them with "
            f"terrazzo project init '{folder}' --classes"
        )
    return [
        Drawn(one.name, image, open_annotation(folder / one.annotation, image, classes=classes))
        for one, image in opened
    ]


def name_classes(folder: Path, classes: Mapping[str, str | None]) -> None:
    """Remember classes that are new, each with a colour; those that are there stay as they are."""
    known = read_project(folder)
    named = dict(known.classes)
    for name, colour in classes.items():
        named.setdefault(name, colour or PALETTE[len(named) % len(PALETTE)])
    if named != known.classes:
        write_project(folder, replace(known, classes=named))


def _is_there(file: Path) -> bool:
    """Whether a file is there, and is not one of shapes from which all were erased."""
    if file.suffix.lower() in (".geojson", ".json") and file.is_file():
        with suppress(ValueError, OSError):
            plain = json.loads(file.read_text(encoding="utf-8"))
            return not (isinstance(plain, dict) and plain.get("features") == [])
    return file.exists()
