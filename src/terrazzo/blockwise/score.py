"""Score a result on disk against an annotation, block by block."""

from __future__ import annotations

import logging

import numpy as np
from distributed import Client

from terrazzo.blocks import Block
from terrazzo.blockwise.image_array import axis_names
from terrazzo.blockwise.progress import BlockCount, Progress
from terrazzo.blockwise.run_blocks import run_blocks
from terrazzo.errors import InputError
from terrazzo.io.image import Image
from terrazzo.io.result import Result
from terrazzo.io.stored_array import StoredArray
from terrazzo.kernels.confusion import confusion_matrix
from terrazzo.regions.annotation import NOT_ANNOTATED, annotated_classes
from terrazzo.regions.block_graph import LABEL_MARGIN, block_targets
from terrazzo.regions.block_labels import BlockLabels
from terrazzo.regions.scores import Scores

_log = logging.getLogger(__name__)


def score(
    result: Result,
    annotation: Image,
    *,
    client: Client | None = None,
    progress: Progress | None = None,
) -> Scores:
    """Return how well a result agrees with an annotation, over the annotated pixels inside its mask.

    Annotated pixels outside the result's mask count for nothing; a warning says how many they are.

    Parameters
    ----------
    result : Result
        A finished result.
    annotation : Image
        The true class of each pixel, one channel of the result's extent; 255 is not annotated.
    client : distributed.Client, optional
        Where the tasks run; without it, in this process's threads.
    progress : callable, optional
        Called with `("score", blocks done, blocks in all, pixels done)`.

    Raises
    ------
    InputError
        If the result is not finished, the extents differ, or no pixel inside the mask is annotated.
    """
    run = result.run
    if not run["finished"]:
        raise InputError(f"'{result.path}' is not finished; run the same terrazzo predict again to finish it")
    extent, shape = result.grid.lattice.shape, annotation.plane.shape
    if shape != extent:
        axes = axis_names(len(extent))
        raise InputError(f"the annotation has {shape} pixels {axes} and the result {extent}; they must be equal")
    classes = len(run["class_names"])
    shared = (result, annotation.stored, classes)
    counted = BlockCount("score", len(result.grid), progress)
    best = 0 if "superpixels" in result.passes else None
    total, outside = Scores(np.zeros((classes, classes + 1), np.int64), best), 0
    for scores, left_out in run_blocks(_score_block, result.grid.along_curve(), *shared, client=client, done=counted):
        total, outside = total + scores, outside + left_out
    if outside:
        _log.warning("%d annotated pixels are outside the mask of '%s' and are not scored", outside, result.path)
    if total.pixels == 0:
        where = " inside the mask" if outside else ""
        raise InputError(f"'{annotation.path}' annotates no pixel{where} with a class from 0 to {classes - 1}")
    return total


def _score_block(block: Block, result: Result, annotation: StoredArray, classes: int) -> tuple[Scores, int]:
    """Return the scores of a block and the number of annotated pixels of its core outside the mask."""
    box = block.pixels(LABEL_MARGIN)
    truth = annotation[(slice(0, 1), *box.slices)][0]
    known, predicted = annotated_classes(truth, classes), result.read_classes(block.core.slices)
    core, best = known[block.core.within(box)], None
    if "superpixels" in result.passes:
        labels = BlockLabels(box, result.read_superpixels(box.slices), 0)
        best = int(block_targets(known, labels, block, classes).max(axis=1).sum(dtype=np.int64))
        outside = labels.cut(block.core) == 0
    else:
        outside = predicted == NOT_ANNOTATED
    left_out = int((core[outside] != NOT_ANNOTATED).sum())
    core = np.where(outside, np.uint8(NOT_ANNOTATED), core)
    return Scores(confusion_matrix(core, predicted, classes), best), left_out
