"""The images of a project: found where they are, and known to be the same."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from terrazzo.blockwise.inputs.windows import read_window
from terrazzo.errors import InputError
from terrazzo.io.images.content_stamp import content_stamp
from terrazzo.io.images.image import Image
from terrazzo.io.images.open_image import open_image
from terrazzo.io.readers.location import is_url, stem_of
from terrazzo.project.project_file import ProjectImage
from terrazzo.regions.superpixels.intensity_scale import scale_windows


def new_image(folder: Path, path: Any, annotation: str | None, level: int, axes: str | None) -> ProjectImage:
    """Return an image as a project remembers it; some windows of it are read."""
    image = open_image(path, level=level, axes=axes)
    name = stem_of(path)
    drawn = f"annotations/{name}.geojson" if annotation is None else seen_from(folder, annotation)
    stamps = content_stamp(image.stored), pixel_stamp(image)
    return ProjectImage(name, image.path, seen_from(folder, image.path), drawn, *stamps, level, axes)


def opened_image(folder: Path, known: ProjectImage) -> tuple[Image, ProjectImage]:
    """Return an image of a project, and what is to be remembered of it from now on.

    A file that was touched, copied or moved with the project is the same where its pixels are, in windows at fixed
    positions.

    Raises
    ------
    InputError
        If it is not where it was, or has changed.
    """
    image = _found(folder, known)
    stamp = content_stamp(image.stored)
    if stamp != known.content and pixel_stamp(image) != known.pixels:
        raise InputError(
            f"image '{known.name}' of the project, at '{image.path}', has changed since its superpixels were computed; "
            f"put the old one back, or add it anew with terrazzo project add '{folder}' '{image.path}' --overwrite, "
            "which keeps its annotation"
        )
    return image, replace(known, path=image.path, beside=seen_from(folder, image.path), content=stamp)


def pixel_stamp(image: Image) -> str:
    """Return a hash of an image's shape and type, and of its pixels in windows at fixed positions."""
    digest = hashlib.sha256(f"{image.shape} {image.dtype.str}".encode())
    for box in scale_windows(image.extent):
        digest.update(np.ascontiguousarray(read_window(image.stored, box)).tobytes())
    return digest.hexdigest()


def seen_from(folder: Path, path: str | Path) -> str:
    """Return a path as seen from the folder of a project."""
    if is_url(path):
        return str(path)
    try:
        return os.path.relpath(Path(path).resolve(), folder.resolve())
    except ValueError:  # on another drive
        return str(path)


def _found(folder: Path, known: ProjectImage) -> Image:
    for path in dict.fromkeys((known.path, str((folder / known.beside).resolve()))):
        try:
            return open_image(path, level=known.level, axes=known.axes)
        except InputError as error:
            if Path(path).exists():
                raise
            missing = error
    raise InputError(
        f"image '{known.name}' of the project is no longer at '{known.path}'; put it back, or say where it is with "
        f"terrazzo project add '{folder}' PATH: its graph and annotation are kept"
    ) from missing
