"""Train a random forest on sampled pixels, tree by tree, until the validation loss no longer falls."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.models.forest.model import ForestModel
from terrazzo.models.forest.trees import Trees
from terrazzo.training.forest.sampled_pixels import SampledPixels, sample_pixels
from terrazzo.training.rules.named_classes import chosen_colours

STEP = 10
"""Trees that are added before the validation loss is looked at again."""


def fit_forest(
    images: Sequence[da.Array],
    annotations: Sequence[da.Array],
    *,
    validation: Sequence[int],
    class_names: Sequence[str],
    samples: int = 100_000,
    trees: int = 200,
    patience: int = 3,
    seconds: float | None = None,
    seed: int = 0,
) -> ForestModel:
    """Train scikit-learn's random forest on the filter responses of annotated pixels.

    Parameters
    ----------
    images : sequence of dask.array.Array, each (c, y, x) or (c, z, y, x)
    annotations : sequence of dask.array.Array of whole numbers, each (y, x) or (z, y, x)
        255 is not annotated.
    validation : sequence of int
        Which of them tell when to stop.
    class_names : sequence of str
    samples : int
        Pixels that are drawn from the others, about; a quarter of it from those for validation.
    trees : int
        The most trees.
    patience : int
        Tens of trees without a better validation loss before it stops.
    seconds : float, optional
        After these no further trees are added; sampling counts as well.
    seed : int

    Raises
    ------
    ParameterError
        If a number is out of range, or nothing is annotated on a side.
    """
    if min(samples, trees, patience) < 1:
        raise ParameterError(f"samples, trees and patience are {samples}, {trees}, {patience}; each must be at least 1")
    began = time.monotonic()
    held = set(validation)
    sides = []
    for numbers, number in (
        ([n for n in range(len(images)) if n not in held], samples),
        (sorted(held), max(1, samples // 4)),
    ):
        chosen = [images[n] for n in numbers], [annotations[n] for n in numbers]
        sides.append(sample_pixels(*chosen, classes=len(class_names), number=number, seed=seed))
    training, validating = sides
    if not training.classes.size or not validating.classes.size:
        raise ParameterError("no annotated pixel was drawn for training or for validation; annotate more")
    grown, losses = _grow(training, validating, trees, patience, seed, lambda: _left(began, seconds))
    best = int(np.argmin(losses))
    kept = grown.estimators_[: STEP * (best + 1)]
    figures = {
        "trees": float(len(kept)),
        "epochs": float(len(losses)),
        "seconds": time.monotonic() - began,
        "validation_loss": losses[best],
    }
    for tree in kept:
        tree.classes_ = grown.classes_
    return _as_model(kept, images[0], tuple(class_names), figures)


def _as_model(trees: Any, image: da.Array, class_names: tuple[str, ...], figures: dict[str, float]) -> ForestModel:
    colours = chosen_colours(None, len(class_names))
    made = Trees.of(trees, len(class_names))
    return ForestModel(made, image.shape[0], image.ndim - 1, class_names, colours, fitted=figures)


def _left(began: float, seconds: float | None) -> bool:
    return seconds is None or time.monotonic() - began < seconds


def _grow(
    training: SampledPixels, validating: SampledPixels, trees: int, patience: int, seed: int, goes_on: Any
) -> tuple[Any, list[float]]:
    """Return scikit-learn's classifier and the validation loss after each step."""
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(n_estimators=0, warm_start=True, n_jobs=-1, random_state=seed)
    summed: NDArray[np.float64] | float = 0.0
    losses: list[float] = []
    while len(losses) * STEP < trees and len(losses) - int(np.argmin(losses or [0])) <= patience:
        before = forest.n_estimators
        forest.n_estimators = min(before + STEP, trees)
        forest.fit(training.responses, training.classes)
        new = forest.estimators_[before:]
        summed = summed + sum(tree.predict_proba(validating.responses) for tree in new)
        losses.append(_loss(summed / len(forest.estimators_), forest.classes_, validating.classes))
        if not goes_on():
            break
    return forest, losses


def _loss(probabilities: Any, known: NDArray[Any], true: NDArray[np.uint8]) -> float:
    """Return the cross entropy; a class that was never trained on has the probability 0, counted as 1e-3."""
    columns = np.searchsorted(known, true).clip(max=len(known) - 1)
    given = np.where(known[columns] == true, probabilities[np.arange(len(true)), columns], 0)
    return float(-np.log(np.maximum(given, 1e-3)).mean())
