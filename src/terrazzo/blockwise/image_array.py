"""What counts as an image: an Image, or an array (y, x) or (c, y, x); inside, a Dask array (c, y, x)."""

from __future__ import annotations

from typing import Any, TypeAlias

import dask.array as da
import numpy as np

from terrazzo.errors import InputError
from terrazzo.io.image import Image

# An array with more channels than this whose last axis has 3 or 4 is one with the channels last.
MOST_CHANNELS_BY_SIGHT = 16

ImageLike: TypeAlias = "Image | da.Array | np.ndarray[Any, Any]"


def image_array(image: ImageLike) -> da.Array:
    """Return the image as a Dask array (c, y, x); no pixel is read.

    Raises
    ------
    InputError
        If it has no two spatial axes, no pixel, or values that are no real numbers.
    """
    array = image.data if isinstance(image, Image) else da.asarray(image)
    if array.ndim not in (2, 3):
        raise InputError(f"the image has {array.ndim} axes; it must be (y, x) or (c, y, x)")
    if array.dtype.kind not in "buif":
        raise InputError(f"the image holds {array.dtype} values; convert it to whole or floating-point numbers")
    if 0 in array.shape:
        raise InputError(f"the image is empty (shape {array.shape}); it needs at least one pixel and one channel")
    if array.ndim == 3 and array.shape[-1] in (3, 4) and array.shape[0] > MOST_CHANNELS_BY_SIGHT:
        raise InputError(
            f"an array of shape {array.shape} looks like (y, x, c), and the axes must be (c, y, x); "
            "use numpy.moveaxis(image, -1, 0)"
        )
    if any(np.isnan(n) for n in array.shape):
        raise InputError("the image's shape is not known; call compute_chunk_sizes() on the array first")
    return array if array.ndim == 3 else array[None]
