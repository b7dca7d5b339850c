"""How sure is a model of pixels that it gets right, and of others? Counted where an image is annotated."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from terrazzo.blocks import Block
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.blockwise.inputs.estimates import estimated, estimates_of
from terrazzo.blockwise.inputs.model_image import model_image
from terrazzo.blockwise.passes.sources import Sources
from terrazzo.blockwise.passes.stored_passes import Store, given_of
from terrazzo.io.images.image import Image
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.results.result import Result
from terrazzo.io.results.result_writer import ResultWriter
from terrazzo.kernels.classes.confidence import confidence_counts
from terrazzo.models.fitted_model import FittedModel
from terrazzo.models.passes.declared import Pass
from terrazzo.regions.classes.annotation import CERTAIN, NOT_ANNOTATED, annotated_classes

MOST_PIXELS = 2**26
"""Of a larger image every n-th block is looked at."""


def count_confidence(
    model: FittedModel,
    image: Image,
    annotation: Image,
    prediction: Result | None = None,
    *,
    device: str = "auto",
    client: Client | None = None,
) -> NDArray[np.int64] | None:
    """Return the annotated pixels with each highest probability, and how many of them are right, shape (256, 2).

    None of a model that gives no image of probabilities.

    Parameters
    ----------
    model : FittedModel
    image : Image
    annotation : Image
        Of the same extent.
    prediction : Result, optional
        A finished result of the model on the image: what it holds is not computed again. Without it a model of several
        passes of which one reads what blocks around gave cannot be looked at.
    device : str
    client : distributed.Client, optional
        Where the tasks run.
    """
    passes = model.passes(device)
    if "probabilities" not in passes[-1].gives:
        return None
    classes, extent = len(model.class_names), model_image(model, image).shape[1:]
    store = None if prediction is None else ResultWriter(prediction)
    left, grid = (passes, model.grid(extent)) if prediction is None else (passes[-1:], prediction.grid)
    estimates = estimated(estimates_of(left), model_image(model, image), None, client)
    sources = Sources(image.stored, None, estimates=estimates, path=image.path)
    blocks = list(grid.along_curve())[:: max(1, -(-int(np.prod(extent)) // MOST_PIXELS))]
    shared = tuple(left), sources, store, annotation.stored, classes
    return sum(run_blocks(_counted, blocks, *shared, client=client), np.zeros((CERTAIN + 1, 2), np.int64))


def _counted(
    block: Block, passes: Sequence[Pass], sources: Sources, store: Store | None, annotation: StoredArray, classes: int
) -> NDArray[np.int64]:
    given = given_of(passes, block, sources, store)
    if "probabilities" not in given:
        return np.zeros((CERTAIN + 1, 2), np.int64)
    truth = annotated_classes(annotation[(slice(0, 1), *block.core.slices)][0], classes)
    truth[given["classes"] == NOT_ANNOTATED] = NOT_ANNOTATED
    highest = reduce(np.maximum, given["probabilities"])
    counts: NDArray[np.int64] = confidence_counts(truth, given["classes"], highest, classes)
    return counts
