"""Regions of interest as ImageJ and Fiji save them: one as .roi, those of the ROI Manager as .zip."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from roifile import ROI_OPTIONS, ROI_SUBTYPE, ROI_TYPE, ImagejRoi

from terrazzo.errors import InputError
from terrazzo.io.annotations.canvas import Canvas
from terrazzo.io.annotations.nested_rings import polygons_of
from terrazzo.io.annotations.shape_parts import Part, class_name, ellipse, points_of
from terrazzo.io.failures import first_words
from terrazzo.regions.outlines.drawing import Drawing, DrawingBuilder

ROI_SUFFIX = ".roi"
# QuPath exports GeoJSON in an archive where it is asked to compress it
SHAPE_SUFFIXES = (".geojson", ".json", ".csv")
MOST_BYTES = 2**28
# where a region says where the second part of its header is, and how long that is at least
MORE_AT, LEAST_MORE = 60, 52
# areas count from the corner of the first pixel; whole numbers of lines and points are the centres of pixels
HALF_A_PIXEL = 0.5
# what ImageJ (its place), roifile (an index or a UUID) and others call a region that nobody has named
UNNAMED = re.compile(r"[\d\s.:_-]*|F\d+-C\d*|[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}", re.IGNORECASE)
# what the ROI Manager adds to a name that is there already
REPEATED = re.compile(r"(-\d+)+$")


def read_rois(path: Path, canvas: Canvas | None = None) -> Drawing:
    """Read one region, or all of a set in the order of the ROI Manager.

    A region's class is its name, without the "-1" that the ROI Manager adds to repeated names; if it has only the name
    that ImageJ gave it, its group.

    Raises
    ------
    InputError
        If it holds no regions, or one that is no area, line or point, is fitted by a spline, or lies on another z or t
        than the first; the message names the region.
    """
    builder = DrawingBuilder()
    for file, data in _files(path):
        title = f"region '{file}'"
        try:
            region = _decoded(data)
            title = f"region '{region.name or file}'"
            _refuse_other_planes(region, canvas)
            builder.add(_parts(region), _class(region, file), _colour(region), title)
        except InputError as error:
            raise InputError(f"'{path}', {title}: {error}") from error
    return builder.drawing()


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name, without suffix, and the content of each region."""
    if path.suffix.lower() == ROI_SUFFIX:
        yield path.stem, path.read_bytes()[:MOST_BYTES]
        return
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(ROI_SUFFIX)]
            if not names:
                _refuse_other_content(path, archive.namelist())
            for name in names:
                with archive.open(name) as file:
                    yield Path(name).stem, file.read(MOST_BYTES)
    except (zipfile.BadZipFile, zlib.error, UnicodeDecodeError, RuntimeError, EOFError) as error:
        raise InputError(f"'{path}' is no set of regions: {first_words(error)}; save it again") from error


def _refuse_other_content(path: Path, names: list[str]) -> None:
    shapes = [name for name in names if Path(name).suffix.lower() in SHAPE_SUFFIXES]
    if shapes:
        raise InputError(f"'{path}' holds '{shapes[0]}' and no region of ImageJ; unpack it and give that file")
    raise InputError(f"'{path}' holds no {ROI_SUFFIX} file; save one from the ROI Manager (More, Save)")


def _decoded(data: bytes) -> ImagejRoi:
    try:
        region = ImagejRoi.frombytes(data)
        (more,) = struct.unpack_from(">i", data, MORE_AT)
    except Exception as error:  # what damaged bytes raise is open-ended
        raise InputError(f"it is no region of ImageJ ({first_words(error)}); save it again") from error
    if more + LEAST_MORE > len(data):
        raise InputError(f"it is cut short: it has {len(data)} bytes of at least {more + LEAST_MORE}; copy it again")
    return region


def _refuse_other_planes(region: ImagejRoi, canvas: Canvas | None) -> None:
    """A position that is no z or t may be a channel; beyond the channels it is a section of a stack."""
    channels = np.inf if canvas is None else canvas.channels
    place = max(region.z_position, region.t_position, region.position if region.position > channels else 0)
    if place > 1:
        raise InputError(f"it lies on plane {place} of a stack; only regions of the first z and t are read")


def _parts(region: ImagejRoi) -> list[Part]:
    if region.subtype in (ROI_SUBTYPE.TEXT, ROI_SUBTYPE.IMAGE):
        raise InputError(f"it is {'a text' if region.subtype == ROI_SUBTYPE.TEXT else 'an image'}; remove it")
    if region.options & ROI_OPTIONS.SPLINE_FIT:
        raise InputError("it is fitted by a spline; choose Edit > Selection > Interpolate and save it again")
    if region.composite:
        return _composite(region)
    if region.roitype not in READ:
        raise InputError(f"it is of type {region.roitype.name.lower()}, which has no pixels; remove it")
    return READ[region.roitype](region)


def _composite(region: ImagejRoi) -> list[Part]:
    try:
        outlines = region.coordinates(multi=True)
    except NotImplementedError as error:
        raise InputError("its outline has curves; choose Edit > Selection > Interpolate and save it again") from error
    except (RuntimeError, IndexError) as error:
        raise InputError(f"its outline is damaged ({first_words(error)}); save it again") from error
    rings = [points_of(np.asarray(outline).tolist(), 3) for outline in outlines if len(outline)]
    if not rings:
        raise InputError("it has no outline; remove it")
    return polygons_of(rings)


def _polygon(region: ImagejRoi) -> list[Part]:
    return [(True, [_points(region, 3)])]


def _line(region: ImagejRoi) -> list[Part]:
    return [(False, [_points(region, 2) + HALF_A_PIXEL])]


def _dots(region: ImagejRoi) -> list[Part]:
    return [(False, [point[None]]) for point in _points(region, 1) + HALF_A_PIXEL]


def _points(region: ImagejRoi, least: int) -> NDArray[np.float64]:
    return points_of(np.asarray(region.coordinates()).tolist(), least)


def _box(region: ImagejRoi) -> tuple[float, float, float, float]:
    """Return top, left, height and width of a rectangle or an oval."""
    if region.subpixelrect:
        found = (region.yd, region.xd, region.heightd, region.widthd)
    else:
        found = (region.top, region.left, region.bottom - region.top, region.right - region.left)
    points_of([found[:2], found[2:]], 2)
    if min(found[2:]) <= 0:
        raise InputError("it has no pixels; remove it")
    return found


def _rectangle(region: ImagejRoi) -> list[Part]:
    top, left, height, width = _box(region)
    corner = min(region.rounded_rect_arc_size, height, width) / 2
    box = shapely.box(top + corner, left + corner, top + height - corner, left + width - corner)
    outline = (box.buffer(corner, quad_segs=64) if corner else box).exterior.coords
    return [(True, [np.array(outline, np.float64)])]


def _oval(region: ImagejRoi) -> list[Part]:
    top, left, height, width = _box(region)
    middle = np.array([top + height / 2, left + width / 2])
    return [(True, [ellipse(middle, np.array([height / 2, 0.0]), np.array([0.0, width / 2]))])]


def _class(region: ImagejRoi, file: str) -> str | None:
    name = region.name or file
    if not UNNAMED.fullmatch(name):
        return class_name(REPEATED.sub("", name))
    return f"group {region.group}" if region.group else None


def _colour(region: ImagejRoi) -> str | None:
    return region.hexcolor(region.fill_color) or region.hexcolor(region.stroke_color)


READ: dict[ROI_TYPE, Callable[[ImagejRoi], list[Part]]] = {
    ROI_TYPE.POLYGON: _polygon,
    ROI_TYPE.FREEHAND: _polygon,
    ROI_TYPE.TRACED: _polygon,
    ROI_TYPE.RECT: _rectangle,
    ROI_TYPE.OVAL: _oval,
    ROI_TYPE.LINE: _line,
    ROI_TYPE.FREELINE: _line,
    ROI_TYPE.POLYLINE: _line,
    ROI_TYPE.ANGLE: _line,
    ROI_TYPE.POINT: _dots,
}
