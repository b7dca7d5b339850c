"""TIFF in all its kinds: plain, tiled, BigTIFF, pyramids, stacks, OME-TIFF, ImageJ's and slide scanners' TIFF."""

import re
import struct
import weakref
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import tifffile
import zarr
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.failures import require_level
from terrazzo.io.readers.axes import MOST_GUESSED_CHANNELS, RGB
from terrazzo.io.readers.description import Description
from terrazzo.io.readers.location import inside_file
from terrazzo.io.readers.sizes import check_unpacked
from terrazzo.io.readers.tiff_metadata import ome_channels, physical_pixel_size

COLOURS: dict[int | None, tuple[str, ...]] = {
    tifffile.PHOTOMETRIC.RGB: RGB,
    tifffile.PHOTOMETRIC.YCBCR: RGB,  # which tifffile decodes to
    tifffile.PHOTOMETRIC.SEPARATED: ("cyan", "magenta", "yellow", "black"),
}
ALPHA = (tifffile.EXTRASAMPLE.ASSOCALPHA, tifffile.EXTRASAMPLE.UNASSALPHA)


def describe(path: str, level: int) -> Description:
    """Describe a level of the first image, or of the one with the number in "file.tif/1"; see `Description`.

    An alpha channel that the file declares is left out. Pages of which it does not say what they are make an axis
    without a name.
    """
    file, number = _split(path)
    with tifffile.TiffFile(file) as tiff:
        if not tiff.series:
            raise InputError(f"'{path}' is a TIFF without images.")
        _refuse_other_images(path, file, tiff, number)
        base = tiff.series[number or 0]
        require_level(path, level, len(base.levels))
        series = base.levels[level]
        _refuse_missing_files(path, file, tiff, base)
        _refuse_compression(path, series.keyframe)
        _refuse_truncation(path, series)
        check_unpacked(path, series.keyframe.chunks, series.dtype.itemsize, max(series.keyframe.databytecounts))
        _refuse_lost_sections(path, tiff, len(base.pages))
        axes = _axes(series)
        size, unit = physical_pixel_size(tiff, number or 0)
        return Description(
            key=str(level),
            shape=_shape_without_alpha(series),
            dtype=series.dtype,
            chunks=None if _is_mapped(series) or _is_whole(series) else _chunks(series),
            axes=axes,
            pixel_size=size and _coarser(size, _extent(base), _extent(series)),
            pixel_unit=unit,
            channels=_channels(tiff, number or 0, series),
            palette=_palette(series.keyframe),
            alpha=_has_alpha(series),
            whole=_is_whole(series) and not _is_mapped(series),
            levels=len(base.levels),
        )


def open_array(path: str, key: str) -> Any:
    """Open level `key` of what `describe` found.

    Uncompressed images in one piece are mapped, images of few planes in a single strip or tile each are decoded
    whole, the others are read tile by tile or strip by strip.
    """
    level = int(key)
    file, number = _split(path)
    with ExitStack() as opened:
        tiff = opened.enter_context(tifffile.TiffFile(file))
        base = tiff.series[number or 0]
        series = base.levels[level]
        if _is_mapped(series):
            return tifffile.memmap(file, series=number or 0, level=level, mode="r")
        if _is_whole(series):
            return _decoded(base, level)
        array = zarr.open_array(base.aszarr(level=level), mode="r")
        # The file stays open for as long as the array is in use.
        weakref.finalize(array, opened.pop_all().close)
        return array


def decoded_whole(path: str, key: str) -> int:
    """Return the bytes of level `key` if any window of it takes decoding all of it, else 0."""
    file, number = _split(path)
    with tifffile.TiffFile(file) as tiff:
        series = tiff.series[number or 0].levels[int(key)]
        return 0 if _is_mapped(series) or not _is_whole(series) else int(series.nbytes)


def _split(path: str) -> tuple[str, int | None]:
    """Return the file, and the number of an image in it if one is named."""
    file, inside = inside_file(path) or (path, "")
    if inside and not inside.isdecimal():
        raise InputError(f"'{path}' names no image: those of a TIFF have numbers, such as '{file}/0'")
    return str(file), int(inside) if inside else None


def _refuse_other_images(path: str, file: str, tiff: tifffile.TiffFile, number: int | None) -> None:
    """A thumbnail that comes first would be taken for the slide."""
    sizes = [_extent(series) for series in tiff.series]
    if number is not None and number >= len(sizes):
        raise InputError(f"'{path}' names no image: the file holds {len(sizes)}, from '{file}/0'")
    largest = max(range(len(sizes)), key=lambda one: (sizes[one][0] * sizes[one][1], -one))
    if number is None and largest:
        (rows, columns), (most_rows, most_columns) = sizes[0], sizes[largest]
        raise InputError(
            f"'{path}' holds {len(sizes)} images, the first of {columns} x {rows} pixels and a later one of "
            f"{most_columns} x {most_rows}; open one by its number, such as '{file}/{largest}'"
        )


def _decoded(base: tifffile.TiffPageSeries, level: int) -> NDArray[Any]:
    return base.asarray(level=level)


def _is_mapped(series: tifffile.TiffPageSeries) -> bool:
    return series.dataoffset is not None


def _is_whole(series: tifffile.TiffPageSeries) -> bool:
    """Whether there are few planes, each a single strip or tile, which is decoded whole for any window of it."""
    if "Z" in series.axes or len(series.pages) > MOST_GUESSED_CHANNELS:
        return False
    page = series.keyframe
    rows, columns = (page.tilelength, page.tilewidth) if page.is_tiled else (page.rowsperstrip, page.imagewidth)
    return bool(rows >= page.imagelength and columns >= page.imagewidth)


def _chunks(series: tifffile.TiffPageSeries) -> tuple[int, ...]:
    chunks = tuple(series.keyframe.chunks)
    return (1,) * (len(series.shape) - len(chunks)) + chunks


def _axes(series: tifffile.TiffPageSeries) -> str:
    """Tifffile's letters; the samples of a pixel are its channels, and pages of unknown meaning are "i" or "q"."""
    return str(series.axes).lower().replace("s", "c")


def _shape_without_alpha(series: tifffile.TiffPageSeries) -> tuple[int, ...]:
    """The alpha channel is the last sample of a pixel, so leaving it out is a matter of the length."""
    shape = list(series.shape)
    if _has_alpha(series):
        shape[series.axes.index("S")] -= 1
    return tuple(shape)


def _has_alpha(series: tifffile.TiffPageSeries) -> bool:
    extra = series.keyframe.extrasamples
    return "S" in series.axes and bool(extra) and extra[-1] in ALPHA


def _palette(page: tifffile.TiffPage) -> tuple[int, ...] | None:
    """Return 0xrrggbb of each value of a page of indices; None where its values are no indices."""
    if page.photometric != tifffile.PHOTOMETRIC.PALETTE or page.colormap is None:
        return None
    colours = page.colormap.astype(int)  # of 16 bits; some programs write 8
    red, green, blue = colours >> 8 if colours.max() > 255 else colours
    return tuple(((red << 16) | (green << 8) | blue).tolist())


def _extent(series: tifffile.TiffPageSeries) -> tuple[int, int]:
    page = series.keyframe
    return page.imagelength, page.imagewidth


def _coarser(size: dict[str, float], base: tuple[int, int], level: tuple[int, int]) -> dict[str, float]:
    return size | {axis: size[axis] * base[at] / level[at] for at, axis in enumerate("yx")}


def _channels(tiff: tifffile.TiffFile, number: int, series: tifffile.TiffPageSeries) -> tuple[str, ...] | None:
    """Names from OME-XML; else of the samples of a pixel the colours that the file declares, and numbers for others."""
    named = ome_channels(tiff, number)
    if "S" not in series.axes:
        return named
    samples = _shape_without_alpha(series)[series.axes.index("S")]
    if named is not None and len(named) == samples:
        return named
    colours = COLOURS.get(series.keyframe.photometric, ())[:samples]
    return (*colours, *map(str, range(len(colours), samples)))


def _refuse_missing_files(path: str, file: str, tiff: tifffile.TiffFile, base: tifffile.TiffPageSeries) -> None:
    """An OME-TIFF may be spread over files; planes of one that is not there would be read as 0."""
    if not tiff.is_ome or all(page is not None for page in base.pages):
        return
    named = re.findall(r'FileName="([^"]+)"', tiff.ome_metadata or "")
    missing = sorted({name for name in named if not (Path(file).parent / name).exists()})
    if missing:
        raise InputError(f"'{path}' goes on in '{missing[0]}', which is not beside it; put all files into one folder")


def _refuse_compression(path: str, page: tifffile.TiffPage) -> None:
    try:
        tifffile.TIFF.DECOMPRESSORS[page.compression]
        tifffile.TIFF.UNPREDICTORS[page.predictor]
    except KeyError as error:
        method = getattr(page.compression, "name", page.compression)
        raise InputError(
            f"'{path}' is compressed with {method}; to read it, install the package imagecodecs."
        ) from error


def _refuse_truncation(path: str, series: tifffile.TiffPageSeries) -> None:
    """A cut copy of a file has its header and misses its last tiles; better said now than hours later."""
    # Pages may be missing, and a page of a multi-file OME-TIFF may lie in another file.
    last = series.pages[-1]
    page = series.keyframe if last is None else last
    size = page.parent.filehandle.size
    ends = [a + n for a, n in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if series.dataoffset is not None:
        ends.append(series.dataoffset + series.nbytes)
    end = max(ends, default=0)
    if end > size:
        raise InputError(
            f"'{path}' is cut short: its pixels end at byte {end}, the file at byte {size}; copy it again."
        )


def _refuse_lost_sections(path: str, tiff: tifffile.TiffFile, found: int) -> None:
    """ImageJ's directory of sections comes last: a cut copy without it looks like a whole first section."""
    sections = (tiff.imagej_metadata or {}).get("images", 1)
    if found >= sections:
        return
    pointer = tiff.pages.next_page_offset or 0
    tiff.filehandle.seek(pointer)
    (following,) = struct.unpack(tiff.tiff.offsetformat, tiff.filehandle.read(tiff.tiff.offsetsize))
    # A section that was split off keeps the count of its stack, and is followed by none.
    if following >= tiff.filehandle.size:
        raise InputError(f"'{path}' is cut short: it holds {found} of {sections} sections; copy it again.")
