"""Score a result on disk against an annotation, block by block."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
from distributed import Client

from terrazzo.blocks import Block
from terrazzo.blockwise.progress import BlockCount, Progress
from terrazzo.blockwise.run_blocks import run_blocks
from terrazzo.errors import InputError
from terrazzo.io.image import Image
from terrazzo.io.result import Result
from terrazzo.io.stored_array import StoredArray
from terrazzo.kernels.confusion import confusion_matrix
from terrazzo.regions.annotation import annotated_classes
from terrazzo.regions.block_graph import LABEL_MARGIN, block_targets
from terrazzo.regions.block_labels import BlockLabels
from terrazzo.regions.scores import Scores


def score(
    result: Result,
    annotation: Image,
    *,
    client: Client | None = None,
    progress: Progress | None = None,
) -> Scores:
    """Return how well a result agrees with an annotation, over annotated pixels.

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
        If the result is not finished, the extents differ, or no pixel is annotated.
    """
    run = result.run
    if not run["finished"]:
        raise InputError(f"'{result.path}' is not finished; run terrazzo predict again with --overwrite")
    extent, shape = result.grid.lattice.shape, annotation.plane.shape
    if shape != extent:
        raise InputError(f"the annotation has {shape} pixels (y, x) and the result {extent}; they must be equal")
    classes = len(run["class_names"])
    shared = (result, annotation.stored, classes)
    counted = BlockCount("score", len(result.grid), progress)
    total = reduce(add, run_blocks(_score_block, result.grid, *shared, client=client, done=counted))
    if total.pixels == 0:
        raise InputError(f"'{annotation.path}' annotates no pixel with a class from 0 to {classes - 1}")
    return total


def _score_block(block: Block, result: Result, annotation: StoredArray, classes: int) -> Scores:
    box = block.pixels(LABEL_MARGIN)
    truth = annotation[(slice(0, 1), *box.slices)][0]
    known = annotated_classes(truth, classes)
    labels = BlockLabels(box, result.read_superpixels(box.slices), 0)
    best = block_targets(known, labels, block, classes).max(axis=1).sum(dtype=np.int64)
    core = np.ascontiguousarray(known[block.core.within(box)])
    return Scores(confusion_matrix(core, result.read_classes(block.core.slices), classes), int(best))
