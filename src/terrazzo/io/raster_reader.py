"""PNG and JPEG, decoded whole: neither can be read by windows."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import PIL.Image
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.axes import RGB
from terrazzo.io.description import Description
from terrazzo.io.failures import require_level

# Pillow's modes that keep the values of the file, and how many channels are left without alpha.
CHANNELS = {"1": 1, "L": 1, "I;16": 1, "I": 1, "F": 1, "LA": 1, "RGB": 3, "RGBA": 3}
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY_COLOUR_TYPE = 0

_size_limit = threading.Lock()


def describe(path: Path, level: int) -> Description:
    """Size, type and colours from the header; see `Description`. An alpha channel is left out."""
    require_level(path, level, 1)
    _refuse_deep_colour(path)
    with _any_size():
        mode = iio.immeta(path, plugin="pillow")["mode"]
        properties = iio.improps(path, plugin="pillow")
    plane = properties.shape[:2]
    if mode == "P":
        indices = Description(key="P", shape=plane, dtype=np.dtype(np.uint8), axes="yx")
        return Description(
            "RGB", (*plane, 3), indices.dtype, axes="yxc", channels=RGB, palette_indices=indices
        )
    if mode not in CHANNELS:
        raise InputError(f"'{path}' has the colours of {mode}; save it as grey or RGB.")
    if CHANNELS[mode] == 1:
        return Description(key=mode, shape=plane, dtype=properties.dtype, axes="yx")
    return Description(key=mode, shape=(*plane, 3), dtype=properties.dtype, axes="yxc", channels=RGB)


def open_array(path: Path, key: str) -> NDArray[Any]:
    """Decode the whole image in mode `key`, without its alpha channel."""
    convert = key if key in ("P", "RGB") else None
    with _any_size():
        image = iio.imread(path, plugin="pillow", mode=convert)
    if key == "LA":
        return image[..., 0]
    return image[..., :3] if key == "RGBA" else image


def _refuse_deep_colour(path: Path) -> None:
    """Pillow reads 16-bit colour as 8 bits without a word; grey of 16 bits is right."""
    with path.open("rb") as file:
        header = file.read(26)
    if header.startswith(PNG_SIGNATURE) and len(header) == 26:
        bits, colour_type = header[24], header[25]
        if bits == 16 and colour_type != GREY_COLOUR_TYPE:
            raise InputError(
                f"'{path}' is a PNG with 16-bit colours, which cannot be read in full; save it as TIFF."
            )


@contextmanager
def _any_size() -> Iterator[None]:
    """Lift Pillow's guard against large images: opening large images is what this package is for."""
    with _size_limit:
        limit = PIL.Image.MAX_IMAGE_PIXELS
        PIL.Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = limit
