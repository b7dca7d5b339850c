"""By what must logits be divided so that probabilities are as sure as they are right? Temperature scaling."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError

COLDEST, HOTTEST = 1 / 64, 64.0
"""Between which a temperature is sought; where all are right, or no better than chance, there is no best one."""

CLOSE = 1e-11
"""The share of itself that a temperature may be off."""


def best_temperature(
    logits: NDArray[Any], labels: NDArray[Any], weights: NDArray[Any] | None = None, *, doubt: float = 0.0
) -> float:
    """Return the temperature at which the weighted cross entropy is lowest (Guo et al. 2017).

    The cross entropy is convex in 1/T, so it has one minimum, where its slope in 1/T changes its sign; that is found by
    Brent's method, in double precision, the same each time. Dividing all logits by one number never changes a class.

    Parameters
    ----------
    logits : ndarray, shape (N, C)
    labels : ndarray of whole numbers, shape (N,)
        The true class of each.
    weights : ndarray, shape (N,), optional
        What each counts for, such as pixels; by default all count alike.
    doubt : float
        The share of each label that is spread over all classes, such as `doubt_of` gives (Platt 1999): where all are
        right the temperature is then that at which their probabilities are about 1 - doubt.

    Returns
    -------
    float
        From 1/64, where every label is the highest logit's and no temperature is low enough, to 64; 1 where no logit
        differs from another.

    Raises
    ------
    ParameterError
        If shapes do not fit, a logit is not finite, a label is no class, or nothing counts.
    """
    from scipy.optimize import brentq

    values, true, counts = _checked(logits, labels, weights)
    # only differences to the true class's logit matter: these are what the slope is the mean of
    gaps = values - values[np.arange(len(true)), true][:, None]
    if not gaps.any():
        return 1.0
    # what doubt gives the other classes, a slope that the temperature has to meet
    wanted = doubt * float((counts * gaps.mean(axis=1)).sum() / counts.sum())

    def above(logarithm: float) -> float:
        return _slope(gaps, counts, float(np.exp(logarithm))) - wanted

    low, high = float(np.log(1 / HOTTEST)), float(np.log(1 / COLDEST))
    if above(low) >= 0 or above(high) <= 0:
        return HOTTEST if above(low) >= 0 else COLDEST
    return float(np.exp(-brentq(above, low, high, xtol=CLOSE)))


def doubt_of(regions: int, classes: int) -> float:
    """Return how much of a label is to be spread over all classes where so many regions are labelled.

    By Laplace's rule of succession: that all of n were right makes the next one right with (n + 1) / (n + classes).
    """
    return classes / (regions + classes)


def _slope(gaps: NDArray[np.float64], counts: NDArray[np.float64], inverse: float) -> float:
    """Return the derivative of the mean cross entropy with respect to the inverse temperature."""
    scaled = gaps * inverse
    shares = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    expected = (shares * gaps).sum(axis=1) / shares.sum(axis=1)
    return float((counts * expected).sum() / counts.sum())


def _checked(
    logits: NDArray[Any], labels: NDArray[Any], weights: NDArray[Any] | None
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the three in double precision, without what counts for nothing."""
    values, true = np.asarray(logits, np.float64), np.asarray(labels)
    counts = np.ones(len(true)) if weights is None else np.asarray(weights, np.float64)
    if values.ndim != 2 or true.shape != values.shape[:1] or counts.shape != true.shape:
        raise ParameterError(
            f"logits have the shape {values.shape}, labels {true.shape} and weights {counts.shape}; they must be "
            "(N, C), (N,) and (N,)"
        )
    if not (np.isfinite(counts).all() and (counts >= 0).all() and counts.any()):
        raise ParameterError("the weights must be finite, none of them negative, and some above 0")
    kept = counts > 0
    values, true, counts = values[kept], true[kept].astype(np.int64), counts[kept]
    if not np.isfinite(values).all():
        raise ParameterError("a logit is NaN or infinite; a temperature needs finite ones")
    if true.min() < 0 or true.max() >= values.shape[1]:
        raise ParameterError(
            f"labels are {true.min()} to {true.max()}; with {values.shape[1]} classes they must be 0 to "
            f"{values.shape[1] - 1}"
        )
    return values, true, counts
