"""Sizes that no image has: a damaged header may ask for anything, and must not get it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from terrazzo.errors import InputError

MOST_CHANNELS = 2**16
# 2 million chunks along an axis, which Dask still lists in a second
LONGEST_AXIS = 2**32
# What packs best, zstd on one value, comes to 2**15.
MOST_PACKED = 2**16
HARMLESS_BYTES = 2**28


def check_sizes(path: str | Path, shape: tuple[int, ...], chunks: tuple[int, ...] | None) -> None:
    """Raise an InputError if an image (c, y, x) or (c, z, y, x) is too large, or its chunks hold nothing."""
    if shape[0] > MOST_CHANNELS:
        raise InputError(
            f"'{path}' has {shape[0]} channels and at most {MOST_CHANNELS} can be read; pass axes=… if it is another "
            "axis, or copy it again if it is damaged"
        )
    if max(shape) > LONGEST_AXIS:
        raise InputError(
            f"'{path}' has the shape {shape} and at most {LONGEST_AXIS} pixels along an axis can be read; copy it "
            "again if it is damaged"
        )
    if chunks is not None and min(chunks) < 1:
        raise InputError(f"'{path}' is stored in chunks of {chunks}, which hold nothing; copy it again")


def check_unpacked(
    path: str | Path, chunk: Sequence[int], itemsize: int, stored: int, most_packed: int = MOST_PACKED
) -> None:
    """Raise an InputError if what is stored in so many bytes cannot be a chunk of this shape, however well it packs.

    `most_packed` is how many bytes one stored byte may become.
    """
    unpacked = math.prod(chunk) * itemsize
    if unpacked > max(HARMLESS_BYTES, stored * most_packed):
        raise InputError(
            f"'{path}' is damaged: {stored} bytes are said to hold {tuple(chunk)} values of {itemsize} bytes each; "
            "copy it again"
        )
