"""COCO's masks: lengths of runs down the columns, as a list or packed into a text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.annotations.mask_outlines import check_mask_size

# the packed text: 5 bits a letter, a sixth says that there is more
FIRST_LETTER, BITS, MORE, NEGATIVE = 48, 5, 0x20, 0x10
MOST_LETTERS_A_NUMBER = 8


def mask_of_runs(encoded: Any) -> tuple[NDArray[np.bool_], tuple[int, int]]:
    """Return the pixels of a mask within the box around them, and the row and column of the box's first pixel.

    Parameters
    ----------
    encoded : dict
        `size`, (y, x), and `counts`: how many pixels are outside, inside, outside, ... down the columns.

    Raises
    ------
    InputError
        If it is not this, the counts do not sum up to the size, no pixel is inside, or the box is too large.
    """
    rows, columns = _size(encoded.get("size"))
    counts = _counts(encoded.get("counts"))
    if counts.sum() != rows * columns or (counts < 0).any():
        raise InputError(f"the runs of its mask sum up to {counts.sum()} and its size is {rows} x {columns}")
    ends = np.cumsum(counts)
    starts, stops = ends[:-1:2], ends[1::2]
    filled = starts < stops
    starts, stops = starts[filled], stops[filled]
    if not starts.size:
        raise InputError("its mask is empty; remove it")
    left, right = int(starts[0]) // rows, int(stops[-1] - 1) // rows + 1
    check_mask_size(rows, right - left)
    steps = np.zeros((right - left) * rows + 1, np.int8)
    steps[starts - left * rows] += 1
    steps[stops - left * rows] -= 1
    mask = np.cumsum(steps[:-1], dtype=np.int8).astype(np.bool_).reshape(right - left, rows).T
    inside = np.flatnonzero(mask.any(axis=1))
    return mask[inside[0] : inside[-1] + 1], (int(inside[0]), left)


def _size(size: Any) -> tuple[int, int]:
    whole = isinstance(size, list) and all(isinstance(length, int) and 0 < length < 2**31 for length in size)
    if not whole or len(size) != 2:
        raise InputError("its mask has no size of two whole numbers; export it again")
    return size[0], size[1]


def _counts(counts: Any) -> NDArray[np.int64]:
    if isinstance(counts, str):
        return _unpacked(counts)
    try:
        numbers = np.asarray(counts)
    except ValueError:
        numbers = np.empty(0)
    if not isinstance(counts, list) or numbers.ndim != 1 or numbers.dtype.kind != "i":
        raise InputError("the runs of its mask are neither whole numbers nor a text; export it again")
    return numbers.astype(np.int64)


def _unpacked(text: str) -> NDArray[np.int64]:
    """Return the numbers of a packed text; from the fourth on each is stored as the difference to the last but one."""
    found: list[int] = []
    number, letters = 0, 0
    for sign in text:
        value = ord(sign) - FIRST_LETTER
        if not 0 <= value < 2 * MORE or letters == MOST_LETTERS_A_NUMBER:
            raise InputError(f"the runs of its mask are packed in a way that is not COCO's, at {sign!a}")
        number |= (value & (MORE - 1)) << BITS * letters
        letters += 1
        if value & MORE:
            continue
        if value & NEGATIVE:
            number -= 1 << BITS * letters
        found.append(number + (found[-2] if len(found) > 2 else 0))
        number, letters = 0, 0
    if letters or not found:
        raise InputError("the runs of its mask end in the middle of a number; export it again")
    return np.array(found, np.int64)
