"""How sure may a network be of its classes? Its temperature on the validation side, and how far it was and is off."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.regions.classes.calibration import calibration_error, confidence_of
from terrazzo.training.rules.temperature import best_temperature, doubt_of

ERROR, ERROR_BEFORE = "validation_calibration_error", "validation_calibration_error_before"


def region_temperature(logits: NDArray[np.floating[Any]], counts: NDArray[np.floating[Any]]) -> float:
    """Return the best temperature of the logits (N, C) of regions by their annotated pixels of each class, (N, C)."""
    rows, classes = np.nonzero(counts)
    if not rows.size:
        return 1.0
    return best_temperature(logits[rows], classes, counts[rows, classes], doubt=region_doubt(counts))


def region_doubt(counts: NDArray[np.floating[Any]]) -> float:
    """Return how much of a label is to be spread where regions have so many annotated pixels of each class, (N, C)."""
    return doubt_of(int(counts.any(axis=1).sum()), counts.shape[1])


def region_error(
    logits: NDArray[np.floating[Any]], counts: NDArray[np.floating[Any]], temperature: float = 1.0
) -> float:
    """Return the calibration error of regions at a temperature, over their annotated pixels; NaN of none."""
    right = counts[np.arange(len(counts)), logits.argmax(axis=1)]
    return calibration_error(confidence_of(highest_probabilities(logits, temperature), counts.sum(axis=1), right))


def highest_probabilities(logits: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """Return the highest probability of each row of logits (N, C) at a temperature, shape (N,)."""
    scaled = logits.astype(np.float64) / temperature
    highest: NDArray[np.float64] = 1 / np.exp(scaled - scaled.max(axis=1, keepdims=True)).sum(axis=1)
    return highest


def error_figures(before: float, after: float) -> Mapping[str, float]:
    """Return the calibration error of the validation side without and with temperatures, where it is known."""
    found = {ERROR_BEFORE: before, ERROR: after}
    return {name: value for name, value in found.items() if math.isfinite(value)}
