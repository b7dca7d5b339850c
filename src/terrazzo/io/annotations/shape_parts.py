"""What shapes of any file are made of: points that are checked, ellipses, and the name of a class."""

from __future__ import annotations

import itertools
import unicodedata
from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import InputError

# whether it is filled, and its rings (y, x)
Part = tuple[bool, list[NDArray[np.float64]]]

# beyond this no image reaches, and sums of products of coordinates stay exact enough
MOST_PIXELS = 2.0**40
MOST_LETTERS = 200
# within a tenth of a pixel of the ellipse up to a radius of 1300
ELLIPSE_CORNERS = 256


def points_of(pairs: Any, least: int) -> NDArray[np.float64]:
    """Return pairs (x, y) of numbers, or longer, as (y, x).

    Raises
    ------
    InputError
        If they are none, not finite, beyond any image, or fewer than `least`.
    """
    try:
        lengths = set(map(len, pairs))
        # refuses a text at once, where numpy would give every number the room of the longest one
        numbers = array("d", itertools.chain.from_iterable(pairs))
    except (TypeError, OverflowError):
        lengths = set()
    if len(lengths) != 1 or min(lengths) < 2:
        raise InputError("its coordinates are not pairs of numbers; export it again")
    points = np.frombuffer(numbers).reshape(-1, *lengths)[:, 1::-1]
    if not (np.abs(points) <= MOST_PIXELS).all():
        raise InputError("its coordinates are not finite or no pixels of any image; draw it again")
    if len(points) < least:
        raise InputError(f"a ring or line of it has {len(points)} points and needs {least}; draw it again")
    return points


def ellipse(
    middle: NDArray[np.float64], along: NDArray[np.float64], across: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the outline of an ellipse from its middle and its two half axes, (y, x) each."""
    angle = 2 * np.pi * np.arange(ELLIPSE_CORNERS)[:, None] / ELLIPSE_CORNERS
    outline: NDArray[np.float64] = middle + np.cos(angle) * along + np.sin(angle) * across
    return outline


def class_text(value: Any) -> str | None:
    """Return the name of a class that is a text or a whole number; None of anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return class_name(str(value))


def class_name(text: str) -> str | None:
    """Return the name of a class with single spaces, or None where nothing is left of it.

    Raises
    ------
    InputError
        If it is longer than 200 letters, or holds signs that cannot be printed.
    """
    name = " ".join(text.split())
    if len(name) > MOST_LETTERS:
        raise InputError(f"its class has a name of {len(name)} letters; at most {MOST_LETTERS} are allowed: shorten it")
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
        raise InputError(f"its class has the name {name!a}, with signs that cannot be printed; rename it")
    return name or None


def rgb_colour(value: Any) -> str | None:
    """Return three whole numbers from 0 to 255 as #rrggbb; None of anything else."""
    if isinstance(value, list) and len(value) >= 3 and all(_is_byte(part) for part in value[:3]):
        return "#{:02x}{:02x}{:02x}".format(*value)
    return None


def _is_byte(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255
