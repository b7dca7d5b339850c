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


def cautious_temperature(
    logits: NDArray[np.floating[Any]], labels: NDArray[Any], weights: NDArray[Any], regions: int
) -> float:
    """Return the best temperature of logits (N, C); below 1 no lower than so many labelled regions can tell.

    Probabilities that were too sure are mended as they are found to be. To be made surer than they were they need more
    than a few regions that are all right: `doubt_of` is spread over their labels, and 1 is the most that comes of it.
    """
    found = best_temperature(logits, labels, weights)
    if found >= 1:
        return found
    return min(1.0, best_temperature(logits, labels, weights, doubt=doubt_of(regions, logits.shape[1])))


def region_temperature(logits: NDArray[np.floating[Any]], counts: NDArray[np.floating[Any]]) -> float:
    """Return the temperature of the logits (N, C) of regions by their annotated pixels of each class, (N, C)."""
    rows, classes = np.nonzero(counts)
    if not rows.size:
        return 1.0
    return cautious_temperature(logits[rows], classes, counts[rows, classes], annotated_regions(counts))


def annotated_regions(counts: NDArray[np.floating[Any]]) -> int:
    """Return how many regions have annotated pixels, of a table (N, C)."""
    return int(counts.any(axis=1).sum())


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
