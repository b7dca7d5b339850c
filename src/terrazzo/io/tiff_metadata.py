"""Pixel size and channel names from the dialects of TIFF."""

from xml.etree import ElementTree

import tifffile

PixelSize = tuple[tuple[float, float], str] | tuple[None, None]

CENTIMETRE = 3
UNITS = {
    **dict.fromkeys(("µm", "μm", "um", "micron", "microns", "micrometer", "\\u00b5m"), "micrometer"),
    **dict.fromkeys(("nm", "nanometer"), "nanometer"),
    **dict.fromkeys(("mm", "millimeter"), "millimeter"),
    **dict.fromkeys(("cm", "centimeter"), "centimeter"),
    **dict.fromkeys(("Å", "angstrom"), "angstrom"),
    **dict.fromkeys(("pm", "picometer"), "picometer"),
    **dict.fromkeys(("m", "meter"), "meter"),
}


def physical_pixel_size(tiff: tifffile.TiffFile) -> PixelSize:
    """Return the (y, x) size of a pixel of the first image and its unit, or (None, None).

    Read from OME-XML, from ImageJ's unit, from Aperio's microns per pixel, or from resolution tags in
    centimetres. Tags in inches are passed over: writers put the resolution of a printer there.
    """
    if tiff.is_ome:
        return _from_ome(tiff)
    if tiff.is_svs:
        microns = tifffile.tifffile.svs_description_metadata(tiff.pages.first.description).get("MPP")
        return ((float(microns), float(microns)), "micrometer") if microns else (None, None)
    if tiff.is_imagej:
        unit = (tiff.imagej_metadata or {}).get("unit", "")
        return _from_resolution(tiff, UNITS.get(str(unit).lower()))
    if tiff.pages.first.resolutionunit == CENTIMETRE:
        return _from_resolution(tiff, "centimeter")
    return None, None


def ome_channels(tiff: tifffile.TiffFile) -> tuple[str, ...] | None:
    """Return the channels' names from OME-XML, or None unless every channel has one."""
    pixels = _ome_pixels(tiff)
    names = [] if pixels is None else [channel.get("Name") for channel in pixels.findall("{*}Channel")]
    return tuple(str(name) for name in names) if names and all(names) else None


def _ome_pixels(tiff: tifffile.TiffFile) -> ElementTree.Element | None:
    return ElementTree.fromstring(tiff.ome_metadata).find("{*}Image/{*}Pixels") if tiff.ome_metadata else None


def _from_ome(tiff: tifffile.TiffFile) -> PixelSize:
    pixels = _ome_pixels(tiff)
    if pixels is None:
        return None, None
    y, x = pixels.get("PhysicalSizeY"), pixels.get("PhysicalSizeX")
    unit_y, unit_x = pixels.get("PhysicalSizeYUnit", "µm"), pixels.get("PhysicalSizeXUnit", "µm")
    if y is None or x is None or unit_y != unit_x or unit_y not in UNITS:
        return None, None
    return (float(y), float(x)), UNITS[unit_y]


def _from_resolution(tiff: tifffile.TiffFile, unit: str | None) -> PixelSize:
    per_x, per_y = tiff.pages.first.resolution
    if unit is None or per_x <= 0 or per_y <= 0:
        return None, None
    return (1 / per_y, 1 / per_x), unit
