"""What is taken out of a session as files: what is drawn, classes as a TIFF, classes as polygons."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import BlockGrid, Box
from terrazzo.blockwise.runs.write_polygons import class_regions, write_polygons
from terrazzo.errors import InputError
from terrazzo.io.annotations.open_annotation import drawn_scale
from terrazzo.io.output_path import check_ending
from terrazzo.io.results.class_tiff import write_tiff
from terrazzo.io.results.geojson_writer import GeoJSONWriter, geojson_file
from terrazzo.lattice import Lattice
from terrazzo.napari.canvas import Canvas
from terrazzo.napari.session import Session

BLOCK = 1024


def export_annotation(session: Session, path: Path) -> int:
    """Write what is drawn as GeoJSON, a polygon for each connected part, as QuPath opens it; return how many.

    Raises
    ------
    InputError
        If nothing is drawn, the image is a volume, or the file cannot be written.
    """
    image, classes = session.image, session.classes
    if len(image.extent) != 2:
        raise InputError(
            f"'{image.path}' is a volume, and GeoJSON has shapes on a plane; the drawing is at '{session.canvas.path}'"
        )
    if not session.canvas.present:
        raise InputError("nothing is drawn yet; draw first, then export")
    check_ending(path, "polygons")
    sides = tuple(min(BLOCK, n) if n > 1 else 2 for n in image.extent)
    grid = BlockGrid(Lattice(image.extent, sides), (1, 1))
    scale_y, scale_x = drawn_scale(image)
    with geojson_file(path, overwrite=True) as file:
        writer = GeoJSONWriter(file, list(classes), list(classes.values()), (1 / scale_x, 1 / scale_y))
        for region in class_regions(grid, partial(_read, session.canvas)):
            writer.write(region)
    return writer.count


def export_classes(session: Session, path: Path) -> None:
    """Write the classes of the newest model as a tiled OME-TIFF; its result is written first, where it is not there."""
    check_ending(path, "tiff")
    (result,) = session.project.predict([session.name])
    write_tiff(result, path, overwrite=True)


def export_polygons(session: Session, path: Path) -> int:
    """Write the classes of the newest model as GeoJSON; its result is written first, where it is not there."""
    check_ending(path, "polygons")
    (result,) = session.project.predict([session.name])
    return write_polygons(result, path, overwrite=True)


def _read(canvas: Canvas, window: tuple[slice, ...]) -> NDArray[np.uint8]:
    return canvas.read(Box(tuple(part.start for part in window), tuple(part.stop for part in window)))
