"""How notebooks show values: a small table with a title, and a picture beside it where there is one."""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.palette import class_colours
from terrazzo.wording import MOST_LISTED

CELL = "text-align: left; padding: 1px 8px 1px 0; vertical-align: top"
NUMBER = "text-align: right; padding: 1px 8px 1px 0"
SWATCH = "display: inline-block; width: 0.8em; height: 0.8em; margin-right: 4px; border: 1px solid #8888"


class Html(str):
    """Text that is HTML already; any other is escaped."""


def table(title: str, rows: Mapping[str, object], picture: Html | None = None) -> str:
    """Return a value as a notebook shows it.

    Parameters
    ----------
    title : str
        Its type, such as "terrazzo.Image".
    rows : mapping
        What there is to say, in order; what is None is left out, and what is no `Html` is escaped.
    picture : Html, optional
        Stands to the right.
    """
    lines = "".join(
        f'<tr><th style="{CELL}">{escaped(name)}</th><td style="{CELL}">{escaped(value)}</td></tr>'
        for name, value in rows.items()
        if value is not None
    )
    beside = "" if picture is None else f'<td style="vertical-align: top; padding-left: 16px">{picture}</td>'
    return (
        f'<table><tr><td style="vertical-align: top"><b>{escaped(title)}</b><table>{lines}</table></td>{beside}</tr>'
        "</table>"
    )


def figures(head: Sequence[object], rows: Sequence[Sequence[object]]) -> Html:
    """Return a table of figures with a head; the first cell of each row says what it is about."""
    top = "".join(f'<th style="{NUMBER}">{escaped(name)}</th>' for name in head)
    lines = "".join(
        f'<tr><th style="{CELL}">{escaped(first)}</th>'
        + "".join(f'<td style="{NUMBER}">{escaped(value)}</td>' for value in others)
        + "</tr>"
        for first, *others in rows
    )
    return Html(f"<table><tr>{top}</tr>{lines}</table>")


def swatches(names: Sequence[str], colours: Sequence[str | None]) -> Html:
    """Return names of classes, each behind its colour."""
    shown = [
        f'<span style="white-space: nowrap"><span style="{SWATCH}; background: {escaped(colour or "none")}"></span>'
        f"{escaped(name)}</span>"
        for name, colour in zip(names[:MOST_LISTED], colours, strict=False)
    ]
    rest = [f"… ({len(names)} in all)"] if len(names) > MOST_LISTED else []
    return Html("&ensp; ".join(shown + rest))


def escaped(value: object) -> Html:
    """Return a value as HTML."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


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
