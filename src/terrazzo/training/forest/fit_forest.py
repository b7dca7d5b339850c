"""Train a random forest on sampled pixels, tree by tree, until the validation loss no longer falls."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.blockwise.inputs.image_array import ImageLike
from terrazzo.errors import ParameterError
from terrazzo.models.forest.model import ForestModel
from terrazzo.models.forest.trees import Trees
from terrazzo.own_threads import own_threads
from terrazzo.progress import Step, shows_progress, tell
from terrazzo.regions.statistics.filter_bank import EIGEN_BANK
from terrazzo.settings import answers
from terrazzo.training.forest.sampled_pixels import SampledPixels, sample_pixels
from terrazzo.training.rules.annotated_inputs import annotated_inputs, path_of
from terrazzo.training.rules.named_classes import ClassNames
from terrazzo.training.rules.seen_intensities import seen_intensities
from terrazzo.training.rules.split_sources import readable_inputs, split_sources
from terrazzo.training.rules.training import ForestTraining

BANK = EIGEN_BANK
"""The responses that new forests are grown on."""

STEP = 10
"""Trees that are added before the validation loss is looked at again."""

# Of an image of smaller intensities, responses are multiplied by a power of two.
LEAST_HIGHEST = 1e-4


@shows_progress
@answers(training=ForestTraining)
def fit_forest(
    images: Sequence[ImageLike],
    annotations: Sequence[ImageLike],
    *,
    axes: int | None = None,
    class_names: ClassNames | None = None,
    training: ForestTraining = ForestTraining(),
) -> ForestModel:
    """Train scikit-learn's random forest on the filter responses of annotated pixels.

    Windows are read around annotated pixels, never an image as a whole. What is held out for validation follows the
    rules of `fit`: whole images of five or more (for a fifth), else blocks with a gap around them.

    Parameters
    ----------
    images : sequence of Image or array, each (y, x), (c, y, x) or (c, z, y, x)
        Images, or volumes, with the same number of channels.
    annotations : sequence of Image or array of whole numbers, each (y, x) or (z, y, x)
        The class of each pixel of the image in the same place; 255 is not annotated.
    axes : int, optional
        3 if arrays with three axes are volumes (z, y, x).
    class_names : sequence of str, or mapping of str to str, optional
        One name per class, or a colour `#rrggbb` for each name; without names there are as many classes as the
        annotations hold.
    training : ForestTraining
        How many pixels are drawn and trees are grown.

    Returns
    -------
    ForestModel

    Raises
    ------
    InputError
        If an image and its annotation do not fit, images have different axes or channels, or a pixel is NaN or
        infinite.
    ParameterError
        If a parameter is out of range, or the annotation cannot be learned from.
    """
    began = time.monotonic()
    inputs = annotated_inputs(images, annotations, class_names, axes)
    pixels, truths = readable_inputs(inputs)
    seen = seen_intensities(images, pixels)
    sources = split_sources(
        pixels,
        truths,
        inputs.classes,
        validation=training.validation,
        seed=training.seed,
        class_names=inputs.class_names,
        drawn=inputs.drawn,
        paths=[path_of(annotation) for annotation in annotations],
    )
    learned, judged = (
        sample_pixels(sources, BANK, validation=held, classes=inputs.classes, number=number, seed=training.seed)
        for held, number in ((False, training.samples), (True, max(1, training.samples // 4)))
    )
    if not learned.classes.size or not judged.classes.size:
        raise ParameterError("no annotated pixel was drawn for training or for validation; annotate more")
    unit = _unit(learned.responses)
    learned, judged = (replace(each, responses=each.responses * unit) for each in (learned, judged))
    grown, losses = _grow(learned, judged, training, began)
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
    trees, (pixel_size, pixel_unit) = Trees.of(kept, inputs.classes), inputs.pixel_size
    trees = replace(trees, threshold=trees.threshold / float(unit))
    shape = inputs.channels, inputs.axes
    named = inputs.class_names, inputs.colours
    return ForestModel(trees, *shape, *named, pixel_size, figures, pixel_unit, BANK, seen)


def _unit(responses: NDArray[np.float32]) -> np.float32:
    """Return a power of two that responses are multiplied by: scikit-learn takes values within 1e-7 to be equal."""
    highest = float(np.abs(responses).max())
    return np.float32(2.0 ** -math.frexp(highest)[1] if 0 < highest < LEAST_HIGHEST else 1.0)


def _grow(
    learned: SampledPixels, judged: SampledPixels, training: ForestTraining, began: float
) -> tuple[Any, list[float]]:
    """Return scikit-learn's classifier and the validation loss after each step."""
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(n_estimators=0, warm_start=True, n_jobs=-1, random_state=training.seed)
    summed: NDArray[np.float64] | float = 0.0
    losses: list[float] = []
    # where seconds are few, ten trees may take several times as many; these are the same trees
    at_once = STEP if training.seconds is None else own_threads()
    while len(losses) * STEP < training.trees and len(losses) - int(np.argmin(losses or [0])) <= training.patience:
        before, ended = forest.n_estimators, False
        while forest.n_estimators < min(before + STEP, training.trees) and not ended:
            forest.n_estimators = min(forest.n_estimators + at_once, before + STEP, training.trees)
            forest.fit(learned.responses, learned.classes)
            ended = training.seconds is not None and time.monotonic() - began >= training.seconds
        new = forest.estimators_[before:]
        summed = summed + sum(tree.predict_proba(judged.responses) for tree in new)
        losses.append(_loss(summed / len(forest.estimators_), forest.classes_, judged.classes))
        tell(Step("trees", forest.n_estimators, training.trees))
        if ended:
            break
    return forest, losses


def _loss(probabilities: Any, known: NDArray[Any], true: NDArray[np.uint8]) -> float:
    """Return the cross entropy; a class that was never trained on has the probability 0, counted as 1e-3."""
    columns = np.searchsorted(known, true).clip(max=len(known) - 1)
    given = np.where(known[columns] == true, probabilities[np.arange(len(true)), columns], 0)
    return float(-np.log(np.maximum(given, 1e-3)).mean())
