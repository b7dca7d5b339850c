"""What counts as a mask: which pixels get superpixels, as an array or as a function of the pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import dask.array as da
import numpy as np
from dask.base import is_dask_collection
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.blockwise.inputs.image_array import axis_names, plane_array
from terrazzo.blockwise.inputs.windows import read_window
from terrazzo.errors import InputError
from terrazzo.io.images.image import Image
from terrazzo.io.images.unmasked import FILLED, refuse_mask

MaskFunction: TypeAlias = Callable[[NDArray[Any]], Any]
MaskLike: TypeAlias = "Image | da.Array | np.ndarray[Any, Any] | MaskFunction"
Mask: TypeAlias = "da.Array | MaskFunction | None"


def checked_mask(mask: MaskLike | None, extent: tuple[int, ...]) -> Mask:
    """Return a mask array as a lazy one of bool; a function and None as they are. No pixel is read.

    Parameters
    ----------
    mask : Image with one channel, array (y, x) or (z, y, x), function, or None
        True, or any other whole number but 0, is inside. A function gets pixels (c, y, x) or (c, z, y, x) of the
        image, in its own dtype, and says the same of each; it must look at each pixel alone.
    extent : tuple of int
        The image's spatial extent.

    Raises
    ------
    InputError
        If an array's extent is another, or it holds other values.
    """
    if mask is None or (callable(mask) and not is_dask_collection(mask)):
        return mask
    array = plane_array(mask, "the mask", FILLED.format("mask", False))
    if array.dtype.kind not in "bui":
        raise InputError(f"the mask holds {array.dtype} values; it must hold bool, or whole numbers with 0 for outside")
    if array.shape != extent:
        raise InputError(
            f"the mask has {array.shape} pixels and its image {extent} {axis_names(len(extent))}; they must be equal"
        )
    return array if array.dtype == np.bool_ else array != 0


def read_mask(mask: Mask, box: Box) -> NDArray[np.bool_] | MaskFunction | None:
    """Return the pixels of a mask array in a box, computed in this thread; a function and None as they are."""
    return read_window(mask, box) if isinstance(mask, da.Array) else mask


def inside(mask: NDArray[np.bool_] | MaskFunction | None, pixels: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Return which pixels of a window (c, y, x) or (c, z, y, x) are inside a mask; None if there is none.

    Raises
    ------
    InputError
        If a function does not return one value for each pixel.
    """
    if mask is None or isinstance(mask, np.ndarray):
        return mask
    answer = mask(pixels)
    if isinstance(answer, np.ma.MaskedArray):
        refuse_mask("what the mask function returned", "its answer with np.ma.filled(answer, False)")
    found = np.asarray(answer)
    if found.shape != pixels.shape[1:] or found.dtype.kind not in "bui":
        raise InputError(
            f"the mask function returned {found.dtype} of shape {found.shape} for pixels of shape {pixels.shape}; it "
            f"must return bool of shape {pixels.shape[1:]}"
        )
    return found.astype(np.bool_, copy=False)
