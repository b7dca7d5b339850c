"""Score a result or a label image on disk against an annotation, block by block."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce
from operator import add
from typing import Any, TypeVar

import dask.array as da
import numpy as np
from distributed import Client
from numpy.typing import NDArray

from terrazzo.arguments import require_array
from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.blockwise.cluster.active_client import active_client
from terrazzo.blockwise.cluster.run_blocks import BlockCount, run_blocks
from terrazzo.blockwise.inputs.data_array import check_same_places
from terrazzo.blockwise.inputs.image_array import ImageLike, axis_names
from terrazzo.blockwise.runs.mask_note import label_grid, mask_note
from terrazzo.blockwise.runs.score_block import (
    core_of,
    held_classes,
    score_labels_block,
    score_result_block,
    scored_window,
)
from terrazzo.blockwise.runs.scored_arrays import LabelImage, extent_of, label_plane, run_on_windows, source_of
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.annotations.annotation import Annotation
from terrazzo.io.failures import about
from terrazzo.io.images.image import Image
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.results.result import Result
from terrazzo.progress import shows_progress
from terrazzo.regions.classes.annotation import MANY, gap_note
from terrazzo.regions.classes.scores import Scores

_log = logging.getLogger(__name__)

T = TypeVar("T")

TOLERANCE = 2.0
MOST_TOLERANCE = 64


@shows_progress
def score(
    prediction: Result | ImageLike,
    annotation: ImageLike,
    *,
    classes: int | None = None,
    tolerance: float = TOLERANCE,
    block: int | None = None,
    client: Client | None = None,
) -> Scores:
    """Return how well a prediction agrees with an annotation, over the annotated pixels.

    Of a result, annotated pixels outside its mask count for nothing; a warning says how many they are. Others say that
    an image looks like a mask of 0 and 255, or that classes below the highest have no pixel. Each task reads its own
    window, so that memory does not grow with the image, and blocks never change a figure.

    An array is scored as one Dask graph, and so is what is given with it: what is lazy, as what `predict` returns, is
    computed as the blocks need it.

    Parameters
    ----------
    prediction : Result, Image or array, shape (y, x) or (z, y, x)
        A finished result, or a label image that holds a class per pixel, whatever made it. Values that are no class
        are wrong wherever a pixel is annotated.
    annotation : Image or array, shape (y, x) or (z, y, x)
        The true class of each pixel, one channel of the same extent; 255 is not annotated.
    classes : int, optional
        The number of classes of a label image; by default one more than the highest value in both images, which are
        read once more for it, and computed once more where they are lazy.
    tolerance : float
        The distance in pixels up to which boundaries match in `Scores.boundary_f1`.
    block : int, optional
        About how many pixels wide the blocks are in which a label image is read; a result is read in its own.
    client : distributed.Client, optional
        Where the tasks run; without it, where the client that is active runs them, or in this process's threads.

    Raises
    ------
    InputError
        If the result is not finished, the extents or the names of classes differ, values are no classes, or no pixel
        that counts is annotated.
    ParameterError
        If the tolerance is not from 0 to 64 pixels, or a path is given in place of what is there.
    """
    if not isinstance(prediction, Result):
        check_same_places(prediction, annotation, "the annotation")
        require_array(prediction, "the prediction", "tz.open_result, or a label image with tz.open_labels")
        prediction = label_plane(prediction, "the prediction")
    annotation = label_plane(annotation, "the annotation")
    client, unnamed = active_client(client), classes is None and not isinstance(prediction, Result)
    counted = BlockCount("score", len(_checked_grid(prediction, annotation, block)))
    total = _scored(prediction, annotation, classes, tolerance, block, client, counted)
    for note in _doubts(total, [prediction], [annotation], unnamed, client):
        _log.warning("%s", note)
    return total


def score_together(
    predictions: Sequence[Result] | Sequence[Image],
    annotations: Sequence[Image],
    *,
    classes: int | None = None,
    tolerance: float = TOLERANCE,
    client: Client | None = None,
) -> Scores:
    """Return the scores of several predictions, each against its annotation, added up.

    Parameters and errors are those of `score`. What that warns of is an InputError here, if it is true of all images
    together: one image may well have one class.
    """
    client, unnamed = active_client(client), classes is None and isinstance(predictions[0], Image)
    pairs: list[tuple[Any, Image]] = list(zip(predictions, annotations, strict=True))
    number = classes
    if unnamed:
        held = reduce(np.logical_or, (_held(*pair, client=client) for pair in pairs))
        if (note := gap_note(held)) and held.sum() > MANY:  # of fewer values those that are scored may have no gap
            raise InputError(note)
        number = _number_of(held)
    counted = BlockCount("score", sum(len(_checked_grid(*pair)) for pair in pairs))
    total = reduce(add, [_scored(*pair, number, tolerance, None, client, counted) for pair in pairs])
    for note in _doubts(total, predictions, annotations, unnamed, client):
        raise InputError(note)
    return total


def _scored(
    prediction: Result | LabelImage,
    annotation: LabelImage,
    classes: int | None,
    tolerance: float,
    block: int | None,
    client: Client | None,
    counted: BlockCount,
) -> Scores:
    if not 0 <= tolerance <= MOST_TOLERANCE:
        raise ParameterError(f"tolerance is {tolerance}; it must be from 0 to {MOST_TOLERANCE} pixels")
    function: Callable[..., tuple[Scores, int]]
    source: Result | StoredArray | da.Array
    grid = _checked_grid(prediction, annotation, block)
    if isinstance(prediction, Result):
        function, source = score_result_block, prediction
        number = len(prediction.run["class_names"])
        _check_classes(annotation, prediction.run["class_names"])
    else:
        function, source = score_labels_block, source_of(prediction)
        number = _number_of(_held(prediction, annotation, client=client)) if classes is None else classes
    shared = (source, source_of(annotation), number, tolerance)
    total, outside = Scores.none(number), 0
    window = partial(scored_window, tolerance=tolerance)
    for scores, left_out in _over_blocks(function, grid, window, *shared, client=client, done=counted):
        total, outside = total + scores, outside + left_out
    if outside:
        _log.warning("%d annotated pixels are outside the mask of %s and are not scored", outside, _named(prediction))
    if total.pixels == 0:
        where = " inside the mask" if outside else ""
        raise InputError(f"{_named(annotation)} annotates no pixel{where} with a class from 0 to {number - 1}")
    return total


def _doubts(
    scores: Scores,
    predictions: Sequence[Result | LabelImage],
    annotations: Sequence[LabelImage],
    unnamed: bool,
    client: Client | None,
) -> list[str]:
    """Return sentences about what makes scores doubtful: masks of 0 and 255 and, of classes without names, gaps.

    Images are read again if one class alone is annotated or predicted.
    """
    annotated, predicted = scores.confusion.sum(axis=1), scores.confusion.sum(axis=0)
    notes = []
    if np.count_nonzero(annotated) == 1:
        notes.append(mask_note([one for one in annotations if isinstance(one, Image)], client))
    labels = [one for one in predictions if isinstance(one, Image)]
    if labels and predicted[-1] and np.count_nonzero(predicted[:-1]) <= 1:
        notes.append(mask_note(labels, client))
    if unnamed:
        notes.append(gap_note(annotated + predicted[:-1]))
    return [note for note in notes if note is not None]


def _check_classes(annotation: LabelImage, class_names: Sequence[str]) -> None:
    if isinstance(annotation, Annotation) and annotation.class_names not in (None, tuple(class_names)):
        raise InputError(
            f"the classes of '{annotation.path}' are {', '.join(annotation.class_names or ())} and the result's are "
            f"{', '.join(class_names)}; open the annotation with open_annotation(path, result)"
        )


def _held(prediction: LabelImage, annotation: LabelImage, *, client: Client | None) -> NDArray[np.bool_]:
    """Return which classes there are in two label images of one extent."""
    grid, images = _checked_grid(prediction, annotation), (source_of(prediction), source_of(annotation))
    names = _named(prediction, "the prediction"), _named(annotation)
    return reduce(np.logical_or, _over_blocks(held_classes, grid, core_of, *images, names, client=client))


def _number_of(held: NDArray[np.bool_]) -> int:
    return int(np.flatnonzero(held).max(initial=0)) + 1


def _checked_grid(prediction: Result | LabelImage, annotation: LabelImage, block: int | None = None) -> BlockGrid:
    if isinstance(prediction, Result):
        prediction.check_finished()
        _check_extents(annotation, prediction.grid.lattice.shape, "result")
        return prediction.grid
    extent = extent_of(prediction)
    _check_extents(annotation, extent, "prediction")
    return label_grid(extent, block)


def _check_extents(annotation: LabelImage, extent: tuple[int, ...], what: str) -> None:
    shape = extent_of(annotation)
    if shape != extent:
        axes = axis_names(len(extent))
        with about("" if isinstance(annotation, da.Array) else annotation.path):
            raise InputError(f"the annotation has {shape} pixels {axes} and the {what} {extent}; they must be equal")


def _over_blocks(
    function: Callable[..., T],
    grid: BlockGrid,
    window: Callable[[Block], Box],
    *shared: Any,
    client: Client | None,
    done: BlockCount | None = None,
) -> Iterable[T]:
    """Return what a function gives of each block: an array's in one Dask graph, and of files in tasks of their own."""
    if any(isinstance(one, da.Array) for one in shared):
        return run_on_windows(function, grid, window, *shared, client=client, done=done)
    return run_blocks(function, grid.along_curve(), *shared, client=client, done=done)


def _named(labels: Result | LabelImage, otherwise: str = "the annotation") -> str:
    return otherwise if isinstance(labels, da.Array) else f"'{labels.path}'"
