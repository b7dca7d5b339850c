"""What superpixels compare of a pixel: its channels or its colour, weighted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import InputError, ParameterError
from terrazzo.kernels.superpixels.lab import lab
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters


def compared_channels(image: NDArray[Any], parameters: SuperpixelParameters) -> NDArray[np.float32]:
    """Return the channels of an image whose differences make superpixels, pixel by pixel.

    Parameters
    ----------
    image : ndarray, shape (c, ...)
        Any real dtype; for `colour="lab"` sRGB, where white is the dtype's maximum, or 1.0.
    parameters : SuperpixelParameters
        Says which colour and weights.

    Returns
    -------
    ndarray of float32, shape (c, ...)
        The channels, or L, a and b, times their weights; not finite where the image is not.

    Raises
    ------
    InputError
        If the image is no sRGB image and `colour` asks for one.
    ParameterError
        If there is not one weight per channel.
    """
    check_channels(image.shape[0], image.dtype, parameters)
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(image, dtype=np.float32)
    if parameters.colour == "lab":
        white = np.float32(np.iinfo(image.dtype).max if image.dtype.kind == "u" else 1.0)
        single = lab(single / white)
    if parameters.weights is None:
        return single
    weights = np.array(parameters.weights, np.float32).reshape(-1, *(1,) * (single.ndim - 1))
    with np.errstate(invalid="ignore"):
        return single * weights


def check_channels(channels: int, dtype: np.dtype[Any], parameters: SuperpixelParameters) -> None:
    """Raise an error if superpixels with these parameters cannot be made of such an image."""
    if parameters.colour == "lab" and (channels != 3 or dtype.kind not in "uf"):
        raise InputError(
            f"the image has {channels} channels of {dtype} and colour='lab' needs red, green and blue as unsigned or "
            "floating-point numbers; use colour='none' or give such an image"
        )
    if parameters.weights is not None and len(parameters.weights) != channels:
        raise ParameterError(
            f"there are {len(parameters.weights)} weights and the image has {channels} channels; give one per channel"
        )
