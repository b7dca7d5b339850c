"""Small pictures for notebooks: pixels or classes, sampled and written as PNG."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.html import Html
from terrazzo.palette import class_colours

SIDE = 160
"""The longest side of a thumbnail, in pixels."""

# About 512 x 512: what is larger, or stored in larger pieces, is not read for a thumbnail.
MOST_READ = 300_000

NO_CLASS, WHITE = 255, (255, 255, 255)


def of_intensities(planes: NDArray[Any]) -> Html:
    """Return the thumbnail of (c, y, x): three channels are red, green and blue, of others the first is grey."""
    planes = np.asarray(_sampled(planes), np.float64)
    chosen = planes if len(planes) == 3 else planes[:1]
    known = chosen[np.isfinite(chosen)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    scaled = (np.nan_to_num(chosen, nan=low, posinf=high, neginf=low) - low) / ((high - low) or 1.0)
    return _picture(np.rint(255 * np.moveaxis(np.broadcast_to(scaled, (3, *scaled.shape[1:])), 0, -1)))


def of_classes(classes: NDArray[Any], colours: Sequence[str | None]) -> Html:
    """Return the thumbnail of classes (y, x): each in its colour, what has no class in white."""
    classes = _sampled(classes)
    table = [*map(_rgb, class_colours(NO_CLASS, colours)), WHITE]
    return _picture(
        np.array(table)[np.where((classes >= 0) & (classes < NO_CLASS), classes, NO_CLASS).astype(np.int64)]
    )


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return red, green and blue (y, x, 3) as a PNG."""
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + 3 * width), np.uint8)  # each begins with its filter, 0 for none
    lines[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def _picture(pixels: NDArray[Any]) -> Html:
    data = base64.b64encode(png(pixels.astype(np.uint8))).decode()
    height, width, _ = pixels.shape
    return Html(f'<img width="{width}" height="{height}" src="data:image/png;base64,{data}">')


def _sampled(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return every nth row and column, so that neither is longer than `SIDE`."""
    step = -(-max(pixels.shape[-2:]) // SIDE)
    return pixels[..., ::step, ::step]


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))
