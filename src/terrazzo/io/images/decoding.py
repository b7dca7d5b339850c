"""What a file costs in memory to read a window of it, beside the window."""

from __future__ import annotations

import math
from dataclasses import dataclass

from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.readers import tiff_reader
from terrazzo.io.readers.readers import READERS
from terrazzo.io.readers.stack_reader import Stack


@dataclass(frozen=True)
class Decoding:
    """Bytes of decoded pixels.

    Parameters
    ----------
    held : int
        Of an image that is decoded whole and kept by each process that reads it; 0 where it is read in parts.
    chunk : int
        Of what is stored in one piece; 0 where any pixel can be read alone.
    """

    held: int
    chunk: int


def decoding(stored: StoredArray) -> Decoding:
    """Return what reading windows of a stored array takes; no pixel is read.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    size = _values(stored) * stored.dtype.itemsize
    with reported_as_input_error(stored.path, "opened"):
        if stored.kind != "stack":
            return _decoding(stored.kind, stored.path, stored.key, size)
        stack: Stack = READERS["stack"].open_array(stored.path, stored.key)
        one = _decoding(stack.kind, str(stack.files[0]), stack.key, size // len(stack.files))
        # of a stack no file is kept open
        return Decoding(0, one.held + one.chunk)


def _values(stored: StoredArray) -> int:
    """Return how many values the whole file has, whatever is selected of it."""
    part = math.prod(one.stop - one.start for one in stored.selected)
    return math.prod(stored.shape) // part * math.prod(one.length for one in stored.selected)


def _decoding(kind: str, path: str, key: str, size: int) -> Decoding:
    if kind == "raster":
        return Decoding(size, 0)
    whole = tiff_reader.decoded_whole(path, key) if kind == "tiff" else 0
    if whole:
        return Decoding(whole, 0)
    array = READERS[kind].open_array(path, key)
    chunk = getattr(array, "chunks", None)
    return Decoding(0, math.prod(chunk) * array.dtype.itemsize if chunk else 0)
