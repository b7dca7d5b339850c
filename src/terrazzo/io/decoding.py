"""What a file costs in memory to read a window of it, beside the window."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from terrazzo.io import tiff_reader
from terrazzo.io.failures import reported_as_input_error
from terrazzo.io.formats import READERS
from terrazzo.io.stored_array import StoredArray


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
    with reported_as_input_error(stored.path, "opened"):
        path, itemsize = Path(stored.path), stored.dtype.itemsize
        whole = stored.kind == "raster" or (stored.kind == "tiff" and tiff_reader.is_decoded_whole(path, stored.key))
        if whole:
            return Decoding(math.prod(stored.shape) * itemsize, 0)
        chunk = getattr(READERS[stored.kind].open_array(path, stored.key), "chunks", None)
        return Decoding(0, math.prod(chunk) * itemsize if chunk else 0)
