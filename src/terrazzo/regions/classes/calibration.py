"""How far are probabilities from being right? The expected calibration error."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.regions.classes.annotation import CERTAIN, in_8_bits

CALIBRATION_BINS = 15


def calibration_error(confidence: NDArray[Any]) -> float:
    """Return the expected calibration error (Guo et al. 2017); NaN of no pixel.

    The mean over all pixels of how far the share of right ones is from the mean probability of the predicted class, in
    each of 15 equally wide bins of that probability.

    Parameters
    ----------
    confidence : ndarray of int64 or float64, shape (256, 2)
        Pixels by the highest of their classes' probabilities, in 255ths, and those of them that are right.
    """
    pixels, right = confidence.T
    if not pixels.any():
        return float("nan")
    levels = np.arange(len(confidence))
    # 255 is 15 times 17: a bin holds the 17 levels up to its upper edge, the first one 0 as well
    bins = np.maximum(-(-levels * CALIBRATION_BINS // CERTAIN), 1) - 1
    off = np.zeros(CALIBRATION_BINS, confidence.dtype)
    np.add.at(off, bins, CERTAIN * right - levels * pixels)
    return float(np.abs(off).sum()) / (CERTAIN * float(pixels.sum()))


def confidence_of(highest: NDArray[np.floating[Any]], pixels: NDArray[Any], right: NDArray[Any]) -> NDArray[np.float64]:
    """Return by each highest probability, in 255ths, how many pixels there are and how many are right, shape (256, 2).

    Parameters
    ----------
    highest : ndarray, shape (N,)
        The probability that a class is given.
    pixels, right : ndarray, shape (N,)
        How many pixels it is given for, and how many of these are of that class.
    """
    levels = in_8_bits(highest)
    counted = (np.bincount(levels, weights=weights, minlength=CERTAIN + 1) for weights in (pixels, right))
    return np.stack(list(counted), axis=1)
