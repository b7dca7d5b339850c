"""Pixel size and channel names from the dialects of TIFF."""

from typing import Any
from xml.etree import ElementTree

import tifffile

from terrazzo.pixel_size import METRES, in_one_unit, unit_name

PixelSize = tuple[dict[str, float], str] | tuple[None, None]

CENTIMETRE = 3
# what OME-XML means without a unit
MICROMETRE = "µm"


def physical_pixel_size(tiff: tifffile.TiffFile, number: int = 0) -> PixelSize:
    """Return the size of a pixel of an image along each axis and its unit, or (None, None).

    Of images but the first it is known from OME-XML alone.

    Both y and x are there, and z where the file says it in the same unit. Read from OME-XML, from ImageJ's unit and
    spacing, from Aperio's microns per pixel, or from resolution tags in centimetres. Tags in inches are passed over:
    writers put the resolution of a printer there.
    """
    if tiff.is_ome:
        return _from_ome(tiff, number)
    if number:
        return None, None
    if tiff.is_svs:
        microns = tifffile.tifffile.svs_description_metadata(tiff.pages.first.description).get("MPP")
        return (dict.fromkeys("yx", float(microns)), "micrometer") if microns else (None, None)
    if tiff.is_imagej:
        return _from_imagej(tiff, tiff.imagej_metadata or {})
    if tiff.pages.first.resolutionunit == CENTIMETRE:
        return _from_resolution(tiff, "centimeter")
    return None, None


def ome_channels(tiff: tifffile.TiffFile, number: int = 0) -> tuple[str, ...] | None:
    """Return the channels' names from OME-XML, or None unless every channel has one."""
    pixels = _ome_pixels(tiff, number)
    names = [] if pixels is None else [channel.get("Name") for channel in pixels.findall("{*}Channel")]
    return tuple(str(name) for name in names) if names and all(names) else None


def _ome_pixels(tiff: tifffile.TiffFile, number: int) -> ElementTree.Element | None:
    images = ElementTree.fromstring(tiff.ome_metadata).findall("{*}Image/{*}Pixels") if tiff.ome_metadata else []
    return images[number] if number < len(images) else None


def _from_ome(tiff: tifffile.TiffFile, number: int) -> PixelSize:
    pixels = _ome_pixels(tiff, number)
    if pixels is None:
        return None, None
    said = {axis: pixels.get(f"PhysicalSize{axis.upper()}") for axis in "zyx"}
    units = {axis: pixels.get(f"PhysicalSize{axis.upper()}Unit", MICROMETRE) for axis in "zyx"}
    size, unit = in_one_unit({axis: float(length) for axis, length in said.items() if length is not None}, units)
    return (size, unit) if size is not None and unit in METRES else (None, None)


def _from_imagej(tiff: tifffile.TiffFile, metadata: dict[str, Any]) -> PixelSize:
    unit = unit_name(str(metadata.get("unit", "")).lower())
    # where a program writes inches, they are those of a printer
    size, unit = _from_resolution(tiff, unit if unit in METRES and unit != "inch" else None)
    spacing = float(metadata.get("spacing", 0))
    if size is None or unit is None:
        return None, None
    return (size | {"z": spacing} if spacing > 0 else size), unit


def _from_resolution(tiff: tifffile.TiffFile, unit: str | None) -> PixelSize:
    per_x, per_y = tiff.pages.first.resolution
    if unit is None or per_x <= 0 or per_y <= 0:
        return None, None
    return {"y": 1 / per_y, "x": 1 / per_x}, unit
