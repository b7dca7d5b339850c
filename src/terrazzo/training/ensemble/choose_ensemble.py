"""Choose those of some fitted models that decide best together, by images that none of them was fitted on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.blockwise.cluster.active_client import active_client
from terrazzo.blockwise.cluster.run_blocks import BlockCount, run_blocks
from terrazzo.blockwise.runs.mask_note import label_grid
from terrazzo.blockwise.runs.write_prediction import write_prediction
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.annotations.annotation import Annotation
from terrazzo.io.images.image import Image
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.results.result import PROBABILITIES, Result
from terrazzo.kernels.classes.targets import confusion_matrix
from terrazzo.models.ensemble.agreement import Agreement
from terrazzo.models.ensemble.model import FEWEST, Ensemble
from terrazzo.models.fitted_model import FittedModel
from terrazzo.progress import Step, shows_progress, tell
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, annotated_classes
from terrazzo.regions.classes.scores import Scores
from terrazzo.training.rules.annotated_images import scratch_folder

_log = logging.getLogger(__name__)


@shows_progress
def choose_ensemble(
    models: Sequence[FittedModel],
    images: Sequence[Image],
    annotations: Sequence[Image],
    *,
    most: int | None = None,
    vote: bool = False,
    device: str = "auto",
    client: Client | None = None,
    scratch: str | Path | None = None,
) -> Ensemble:
    """Return the ensemble of those models that decide best together on validation images: greedy forward selection.

    It begins with the model of the highest mean IoU. Each step adds the model with which the mean IoU of all that are
    chosen is highest (Caruana et al. 2004), the first of equals, so that a model that errs elsewhere comes before a
    better one that errs alike. Of all numbers of models, from 2, the one with the highest mean IoU is taken, the least
    of equals. `fitted` has the curve, `mean_iou_of_1`, `mean_iou_of_2` and so on.

    Every model predicts every image once, on disk; choosing reads what they said of annotated pixels, block by block.

    Parameters
    ----------
    models : sequence of FittedModel
        At least two, as for `Ensemble`.
    images : sequence of Image
        Which no model was fitted on.
    annotations : sequence of Image
        The true class of each pixel of each; 255 is not annotated.
    most : int, optional
        At most so many are chosen, at least 2.
    vote : bool
        As for `Ensemble`.
    device : str
        Where networks run: "auto", "cpu", "cuda" or "cuda:0".
    client : distributed.Client, optional
        Where the tasks run; by default on the client that is active, without one in this process's threads.
    scratch : path, optional
        The folder for predictions meanwhile, by default the system's; workers elsewhere have to see it.

    Raises
    ------
    ModelError
        If the models cannot be one ensemble, or an image is none for them.
    InputError
        If images and annotations do not pair, or no pixel is annotated.
    ParameterError
        If `most` is below 2.
    """
    whole = Ensemble(tuple(models), vote=vote)
    if most is not None and most < FEWEST:
        raise ParameterError(f"most is {most}; an ensemble has at least {FEWEST} models")
    _check_pairs(whole, images, annotations)
    client = active_client(client)
    with scratch_folder(scratch) as folder:
        predictions = []
        for place, image in enumerate(images):
            said = []
            for number, model in enumerate(whole.members):
                path = folder / f"{place}-{number}.zarr"
                said.append(write_prediction(model, image, path, device=device, client=client, probabilities=not vote))
            predictions.append(said)
        order, curve = _forward(whole, predictions, annotations, most or len(models), client)
    best = int(np.argmax(curve[FEWEST - 1 :])) + FEWEST
    if curve[0] >= curve[best - 1]:
        _log.warning(
            "model %d alone has a mean IoU of %.4f on the validation images, and the best ensemble, of %d models, %.4f",
            order[0] + 1,
            curve[0],
            best,
            curve[best - 1],
        )
    figures = {f"mean_iou_of_{number}": value for number, value in enumerate(curve, 1)}
    chosen = tuple(whole.members[place] for place in order[:best])
    return Ensemble(chosen, vote=vote, fitted={"candidates": len(models), "models": best, **figures})


def _check_pairs(model: Ensemble, images: Sequence[Image], annotations: Sequence[Image]) -> None:
    if len(images) != len(annotations) or not images:
        raise InputError(
            f"there are {len(images)} images and {len(annotations)} annotations; give one annotation for each image, "
            "and at least one"
        )
    for image, annotation in zip(images, annotations, strict=True):
        if annotation.plane.shape != image.extent:
            raise InputError(
                f"'{annotation.path}' has {annotation.plane.shape} pixels and '{image.path}' {image.extent}; "
                "they must be equal"
            )
        names = annotation.class_names if isinstance(annotation, Annotation) else None
        if names not in (None, model.class_names):
            raise InputError(
                f"the classes of '{annotation.path}' are {', '.join(names or ())} and the models' are "
                f"{', '.join(model.class_names)}; name them in that order"
            )


def _forward(
    whole: Ensemble,
    predictions: Sequence[Sequence[Result]],
    annotations: Sequence[Image],
    most: int,
    client: Client | None,
) -> tuple[list[int], list[float]]:
    """Return the models in the order in which they are chosen, and the mean IoU of the first, the first two, …."""
    order: list[int] = []
    curve: list[float] = []
    steps = min(most, len(whole.members))
    for step in range(steps):
        tell(Step("models", step, steps))
        scores = _scores(whole, order, predictions, annotations, client)
        if not scores[next(iter(scores))].pixels:
            raise InputError("no pixel of the validation images is annotated; give annotations of some")
        best = max(scores, key=lambda place: (scores[place].mean_iou, -place))
        order.append(best)
        curve.append(scores[best].mean_iou)
    tell(Step("models", steps, steps))
    return order, curve


def _scores(
    whole: Ensemble,
    chosen: Sequence[int],
    predictions: Sequence[Sequence[Result]],
    annotations: Sequence[Image],
    client: Client | None,
) -> dict[int, Scores]:
    """Return, for each model that is not chosen, the scores of those that are with it."""
    left = [place for place in range(len(whole.members)) if place not in chosen]
    shape = len(left), len(whole.class_names), len(whole.class_names) + 1
    total = np.zeros(shape, np.int64)
    for results, annotation in zip(predictions, annotations, strict=True):
        grid = label_grid(annotation.plane.shape)
        shared = results, annotation.stored, tuple(chosen), shape[1], whole.vote
        told = BlockCount("choose", len(grid))
        total = reduce(add, run_blocks(_confusions, grid.along_curve(), *shared, client=client, done=told), total)
    return {place: Scores(confusion) for place, confusion in zip(left, total, strict=True)}


def _confusions(
    block: Block,
    results: Sequence[Result],
    annotation: StoredArray,
    chosen: Sequence[int],
    classes: int,
    vote: bool,
) -> NDArray[np.int64]:
    """Return, for each model that is not chosen, the confusion matrix of those that are with it in a block."""
    window = block.core.slices
    truth = annotated_classes(annotation[(slice(0, 1), *window)][0], classes)
    annotated = truth != NOT_ANNOTATED
    left = [place for place in range(len(results)) if place not in chosen]
    if not annotated.any():
        return np.zeros((len(left), classes, classes + 1), np.int64)
    true = truth[annotated]

    def add_to(agreed: Agreement, place: int) -> Agreement:
        arrays, said = results[place].arrays(PROBABILITIES), results[place].read_classes(window)[annotated]
        agreed.add(said, () if vote else (arrays.read((plane, *window))[annotated] for plane in range(classes)))
        return agreed

    before = reduce(add_to, chosen, Agreement(true.shape, classes, vote=vote))
    matrices = [confusion_matrix(true, add_to(before.copy(), place).classes, classes) for place in left]
    return np.stack(matrices)
