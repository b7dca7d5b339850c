"""What one block of a prediction and of an annotation add to the scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.results.result import Result
from terrazzo.kernels.classes.confidence import confidence_counts
from terrazzo.kernels.classes.targets import confusion_matrix
from terrazzo.kernels.measures.boundaries import boundary_halo, matched_boundaries
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, annotated_classes
from terrazzo.regions.classes.scores import Scores
from terrazzo.regions.graphs.block_graph import block_targets
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN, BlockLabels


def score_result_block(
    block: Block, result: Result, annotation: StoredArray, classes: int, tolerance: float
) -> tuple[Scores, int]:
    """Return the scores of a block and the number of annotated pixels of its core outside the mask."""
    cells = block.pixels(LABEL_MARGIN)
    box = _seen(block, tolerance).hull(cells)
    core, truth, found = block.core.within(box), _truth(annotation, box, classes), result.read_classes(box.slices)
    best, outside = None, found == NOT_ANNOTATED
    if result.has_superpixels:
        labels = BlockLabels(box, result.read_superpixels(box.slices), 0)
        inside = BlockLabels(cells, labels.cut(cells), 0)
        targets = block_targets(truth[cells.within(box)], inside, block, classes)
        best, outside = int(targets.max(axis=1).sum(dtype=np.int64)), labels.ids == 0
    masked = outside & (truth != NOT_ANNOTATED)
    truth[masked] = NOT_ANNOTATED
    scores, confidence = _scores(truth, found, core, classes, tolerance), None
    if result.probabilities:
        confidence = confidence_counts(truth[core], found[core], result.read_highest(block.core.slices), classes)
    return Scores(scores.confusion, best, scores.boundaries, confidence), int(masked[core].sum())


def score_labels_block(
    block: Block, labels: StoredArray, annotation: StoredArray, classes: int, tolerance: float
) -> tuple[Scores, int]:
    """Return the scores of a block of a label image; no pixel is outside a mask."""
    box = _seen(block, tolerance)
    found = labels[(slice(0, 1), *box.slices)][0]
    found = np.where((found >= 0) & (found < classes), found, NOT_ANNOTATED).astype(np.uint8)
    return _scores(_truth(annotation, box, classes), found, block.core.within(box), classes, tolerance), 0


def highest_class(block: Block, labels: StoredArray, annotation: StoredArray) -> int:
    """Return the highest value of a block's core in two label images, 255 apart; -1 if there is none."""
    window = (slice(0, 1), *block.core.slices)
    return max(_highest(array[window]) for array in (labels, annotation))


def _highest(values: NDArray[np.integer]) -> int:
    known = values[values != NOT_ANNOTATED]
    return int(known.max()) if known.size else -1


def _seen(block: Block, tolerance: float) -> Box:
    """Return the pixels that decide which of a core's boundaries are matched: theirs, and a neighbour's of each."""
    return block.core.grown(boundary_halo(tolerance), block.lattice.shape)


def _truth(annotation: StoredArray, box: Box, classes: int) -> NDArray[np.uint8]:
    return annotated_classes(annotation[(slice(0, 1), *box.slices)][0], classes)


def _scores(
    truth: NDArray[np.uint8], found: NDArray[np.uint8], core: tuple[slice, ...], classes: int, tolerance: float
) -> Scores:
    boundaries = matched_boundaries(truth, found, truth != NOT_ANNOTATED, classes, tolerance, core)
    return Scores(confusion_matrix(truth[core], found[core], classes), boundaries=boundaries)
