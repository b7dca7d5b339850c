"""xarray's DataArray as an image, as a plane of labels, and as what is made of an image; xarray is not imported."""

from __future__ import annotations

import logging
from typing import Any, cast

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.named_axes import letters_of, names_axes, spatial_letters
from terrazzo.pixel_size import METRES, unit_name

_log = logging.getLogger(__name__)

# of a step: coordinates are rounded where they are written
IRREGULAR = 1e-3


def pixels_of(array: Any) -> da.Array:
    """Return a DataArray as a Dask array (c, y, x) or (c, z, y, x), whatever the order of its axes; nothing is read.

    Raises
    ------
    InputError
        If its axes are not those of an image, or it has more than one time.
    """
    named, spatial = letters_of(array), spatial_letters(array)
    if "t" in named and array.sizes[named["t"]] > 1:
        raise InputError(
            f"the array is {array.sizes[named['t']]} long along {named['t']}, and an image is of one time: select one, "
            f"as in array.isel({named['t']}=0)"
        )
    dropped = {name: 0 for letter, name in named.items() if letter not in f"c{spatial}"}
    kept = [named[letter] for letter in f"c{spatial}" if letter in named]
    pixels = da.asarray(array.isel(dropped).transpose(*kept).data)
    return pixels if "c" in named else pixels[None]


def plane_of(array: Any) -> da.Array:
    """Return a DataArray of labels as a Dask array (y, x) or (z, y, x).

    Raises
    ------
    InputError
        If it has more than one channel, or as for `pixels_of`.
    """
    pixels = pixels_of(array)
    if len(pixels) != 1:
        raise InputError(f"the array has {len(pixels)} channels; labels have one: select it, as in array.isel(c=0)")
    return pixels[0]


def pixel_size_of(array: Any) -> tuple[tuple[float, ...], str | None] | tuple[None, None]:
    """Return the step of the coordinates along (y, x) or (z, y, x), and their unit by its full name.

    Nothing is known where an axis has no coordinates, or units differ. One line of the log names irregular coordinates.
    """
    named = letters_of(array)
    steps, units = [], set()
    for letter in spatial_letters(array):
        places = _places(array, named[letter])
        step = None if places is None else _step(named[letter], places)
        if step is None:
            return None, None
        steps.append(step)
        unit = unit_name(array.coords[named[letter]].attrs.get("units"))
        units.add(unit if unit in METRES else None)
    return (tuple(steps), units.pop()) if len(units) == 1 else (None, None)


def made_of(array: Any, made: da.Array, name: str, **attributes: Any) -> Any:
    """Return what is made of a DataArray, (y, x) or (z, y, x), as one with its axes in its order and its coordinates.

    The axis of the channels is gone; axes of length 1 that an image has not are kept as single coordinates.
    """
    named, spatial = letters_of(array), spatial_letters(array)
    single = {named[letter]: 0 for letter in named if letter in "tz" and letter not in spatial}
    like = array.isel(single)
    if "c" in named:
        like = like.isel({named["c"]: 0}, drop=True)
    ordered = [next(letter for letter in spatial if named[letter] == dim) for dim in like.dims]
    axes = [spatial.index(letter) for letter in ordered]
    return type(array)(made.transpose(axes), dims=like.dims, coords=like.coords, name=name, attrs=attributes)


def check_same_places(image: object, other: object, what: str) -> None:
    """Raise an InputError if two DataArrays of one image have coordinates of other places along an axis."""
    if not (names_axes(image) and names_axes(other)):
        return
    first, second = cast(Any, image), cast(Any, other)
    pairs = letters_of(first), letters_of(second)
    for letter in "zyx":
        if not all(letter in named for named in pairs):
            continue
        here, there = (_places(one, named[letter]) for one, named in zip((first, second), pairs, strict=True))
        # other lengths have a sentence of their own
        if here is None or there is None or here.shape != there.shape:
            continue
        tolerance = IRREGULAR * float(np.abs(np.diff(here)).min(initial=np.inf))
        if not np.allclose(here, there, rtol=0, atol=tolerance if np.isfinite(tolerance) else 0.0):
            raise InputError(
                f"{what} and its image have other coordinates along {letter}, from {there[0]:g} to {there[-1]:g} and "
                f"from {here[0]:g} to {here[-1]:g}; bring them to the same, as with xarray.align, or drop those of one"
            )


def _places(array: Any, name: Any) -> NDArray[np.float64] | None:
    """Return the coordinates along an axis where there are any, of numbers."""
    if name not in array.coords or np.asarray(array.coords[name].values).dtype.kind not in "uif":
        return None
    return np.asarray(array.coords[name].values, np.float64)


def _step(name: Any, places: NDArray[np.float64]) -> float | None:
    """Return the distance of coordinates in order, None where there are fewer than two or it is not the same."""
    steps = np.diff(places)
    if not steps.size:
        return None
    step = float(places[-1] - places[0]) / steps.size
    if step == 0 or not np.allclose(steps, step, rtol=IRREGULAR, atol=0):
        _log.warning("the coordinates along %s are irregular, so the size of a pixel is not known", name)
        return None
    return abs(step)
