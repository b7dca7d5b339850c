"""PNG and JPEG, decoded whole: neither can be read by windows."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from os import SEEK_END
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageOps
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.failures import require_level
from terrazzo.io.readers.axes import RGB
from terrazzo.io.readers.description import Description
from terrazzo.io.readers.sizes import check_unpacked

# Pillow's modes that keep the values of the file.
GREY_MODES = {"1": np.bool_, "L": np.uint8, "LA": np.uint8, "I;16": np.uint16, "I": np.int32, "F": np.float32}
COLOUR_MODES = ("RGB", "RGBA")
PNG_SIGNATURE, PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND"
JPEG_SIGNATURE, JPEG_END = b"\xff\xd8", b"\xff\xd9"
# Some programs write notes of their own behind the end.
MOST_BEHIND_THE_END = 2**16
GREY_COLOUR_TYPE = 0
ORIENTATION = 0x0112
# those of a camera's ways to be held in which height and width change places
ON_ITS_SIDE = (5, 6, 7, 8)
# What packs best: deflate on one value comes to 1032, in a PNG of one bit 8 pixels a byte, and JPEG to less.
MOST_PACKED = 2**14

_size_limit = threading.Lock()


def describe(path: str, level: int) -> Description:
    """Size, type and colours from the header; see `Description`. An alpha channel is left out.

    A photograph that says how the camera was held is turned upright, as those who annotate it see it.
    """
    require_level(path, level, 1)
    _refuse_deep_colour(path)
    _refuse_truncation(path)
    with _opened(path) as header:
        mode, plane, palette = header.mode, (header.height, header.width), _palette(header)
        plane = plane[::-1] if _orientation(header) in ON_ITS_SIDE else plane
    colours = Description(mode, (*plane, 3), np.dtype(np.uint8), axes="yxc", channels=RGB, whole=True)
    if mode in COLOUR_MODES:
        return replace(colours, alpha=mode == "RGBA")
    if mode in GREY_MODES:
        return Description(mode, plane, np.dtype(GREY_MODES[mode]), axes="yx", whole=True)
    if mode == "P":
        indices = Description("P", plane, np.dtype(np.uint8), axes="yx", whole=True, palette=palette)
        return replace(colours, key="RGB", palette_indices=indices)
    raise InputError(f"'{path}' has the colours of {mode}; save it as grey or RGB.")


def open_array(path: str, key: str) -> NDArray[Any]:
    """Decode the whole image in mode `key`; the alpha channel of colours is behind them."""
    with _opened(path) as image:
        upright = PIL.ImageOps.exif_transpose(image) if _orientation(image) else image
        pixels = np.asarray(upright if upright.mode == key else upright.convert(key))
    return pixels[..., 0] if key == "LA" else pixels


def _palette(header: PIL.Image.Image) -> tuple[int, ...] | None:
    """Return 0xrrggbb of each index of a palette, -1 where it is transparent; None if there is none."""
    if header.palette is None or header.palette.mode != "RGB":
        return None
    stored = bytes(header.palette.palette)
    codes = [int.from_bytes(stored[at : at + 3], "big") for at in range(0, len(stored) - 2, 3)]
    seen = header.info.get("transparency", b"")  # of each index how opaque it is, or the one that is not
    hidden = [seen] if isinstance(seen, int) else [index for index, opacity in enumerate(seen) if opacity == 0]
    for index in hidden:
        if index < len(codes):
            codes[index] = -1
    return tuple(codes)


def _orientation(image: PIL.Image.Image) -> int | None:
    """What the header says; a PNG that says it behind its pixels is not decoded for that."""
    return image.getexif().get(ORIENTATION) if "exif" in image.info else None


def _refuse_deep_colour(path: str) -> None:
    """Pillow reads 16-bit colour as 8 bits without a word; grey of 16 bits is right."""
    with Path(path).open("rb") as file:
        header = file.read(26)
    if header.startswith(PNG_SIGNATURE) and len(header) == 26:
        bits, colour_type = header[24], header[25]
        if bits == 16 and colour_type != GREY_COLOUR_TYPE:
            raise InputError(f"'{path}' is a PNG with 16-bit colours, which cannot be read in full; save it as TIFF.")


def _refuse_truncation(path: str) -> None:
    """A cut copy has its header and misses the mark of the end; better said now than when it is decoded."""
    with Path(path).open("rb") as file:
        start = file.read(len(PNG_SIGNATURE))
        file.seek(max(0, file.seek(0, SEEK_END) - MOST_BEHIND_THE_END))
        end = file.read()
    mark = PNG_END if start == PNG_SIGNATURE else JPEG_END if start.startswith(JPEG_SIGNATURE) else b""
    if mark not in end:
        raise InputError(f"'{path}' is cut short: the mark of its end is missing; copy it again.")


@contextmanager
def _opened(path: str) -> Iterator[PIL.Image.Image]:
    """Open with Pillow's guard against large images lifted: opening those is what this package is for."""
    with _size_limit:
        limit = PIL.Image.MAX_IMAGE_PIXELS
        PIL.Image.MAX_IMAGE_PIXELS = None
        try:
            # Only these formats, whatever the content: other decoders of Pillow are not meant here.
            image = PIL.Image.open(path, formats=("PNG", "JPEG"))
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = limit
    with image:
        samples = (image.height, image.width, len(image.getbands()))
        itemsize = np.dtype(GREY_MODES.get(image.mode, np.uint8)).itemsize
        check_unpacked(path, samples, itemsize, Path(path).stat().st_size, MOST_PACKED)
        yield image
