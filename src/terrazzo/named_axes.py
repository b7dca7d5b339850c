"""Arrays that name their axes, as those of xarray do: which of these is which of an image's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from terrazzo.errors import InputError

# What people call them, in small letters.
NAMES = {
    **dict.fromkeys(("y", "row", "rows"), "y"),
    **dict.fromkeys(("x", "col", "cols", "column", "columns"), "x"),
    **dict.fromkeys(("z", "section", "sections", "slice"), "z"),
    **dict.fromkeys(("c", "channel", "channels", "band", "bands"), "c"),
    **dict.fromkeys(("t", "time"), "t"),
}


def names_axes(array: object) -> bool:
    """Whether an array names its axes, like xarray's DataArray; no package is loaded for the question.

    Raises
    ------
    InputError
        If it is a set of several such arrays.
    """
    # what is delayed has whatever it is asked for
    if not isinstance(getattr(array, "dims", None), tuple | Mapping) or not hasattr(array, "coords"):
        return False
    if hasattr(array, "data_vars"):
        names = ", ".join(map(repr, array.data_vars))
        raise InputError(f"this is a data set of the arrays {names}; give one of them, as in dataset['name']")
    return hasattr(array, "isel")


def letters_of(array: Any) -> dict[str, Any]:
    """Return the name of each axis of an array by its letter, t, c, z, y or x, in the order of the array.

    Raises
    ------
    InputError
        If a name is none of an image's axes, two are of the same one, or y or x is missing.
    """
    letters = [NAMES.get(str(name).lower(), "") for name in array.dims]
    if "" in letters or len(set(letters)) < len(letters) or not {"y", "x"} <= set(letters):
        raise InputError(
            f"the array has the axes {', '.join(map(str, array.dims))}; those of an image are y and x, and at most one "
            "each of z, c and t: rename them, as in array.rename(lat='y', lon='x')"
        )
    return dict(zip(letters, array.dims, strict=True))


def spatial_letters(array: Any) -> str:
    """Return "yx", or "zyx" where the array is longer than 1 along z."""
    named = letters_of(array)
    return "zyx" if "z" in named and array.sizes[named["z"]] > 1 else "yx"


def extent_of(array: Any) -> tuple[int, ...]:
    """Return the lengths along (y, x), or (z, y, x) of a volume."""
    named = letters_of(array)
    return tuple(int(array.sizes[named[letter]]) for letter in spatial_letters(array))
