"""Arrays with a mask of their own, which would be lost on the way: they are refused."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np

from terrazzo.errors import InputError

AS_MASK = (
    "its values, da.ma.getdata(image), and where it is valid as mask=~da.ma.getmaskarray(image), for channels with "
    ".any(axis=0); where there is no mask=, annotate it with 255"
)
FILLED = "da.ma.filled({}, {})"


def unmasked(array: Any, what: str, instead: str) -> da.Array:
    """Return an array as a Dask array.

    Parameters
    ----------
    array : array
        What can be taken for one.
    what : str
        What it is called in the message.
    instead : str
        What is to be given if it has a mask.

    Raises
    ------
    InputError
        If it has a mask.
    """
    # what is cut out of a matrix keeps two axes, whatever is asked for
    lazy = da.asarray(np.asarray(array) if isinstance(array, np.matrix) else array)
    if isinstance(lazy._meta, np.ma.MaskedArray):
        refuse_mask(what, instead)
    return lazy


def refuse_mask(what: str, instead: str) -> None:
    """Raise the InputError of an array with a mask."""
    raise InputError(f"{what} is a masked array, and its mask would be lost; give {instead}")
