"""What one block of a prediction and of an annotation add to the scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Block, Box
from terrazzo.errors import InputError
from terrazzo.io.failures import about
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.results.result import Result
from terrazzo.kernels.classes.confidence import confidence_counts
from terrazzo.kernels.classes.targets import confusion_matrix
from terrazzo.kernels.measures.boundaries import boundary_halo, matched_boundaries
from terrazzo.regions.classes.annotation import HOW_TO_MAP, NOT_ANNOTATED, annotated_classes
from terrazzo.regions.classes.scores import Scores
from terrazzo.regions.graphs.block_graph import block_targets
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN, BlockLabels


@dataclass(frozen=True, eq=False)
class LabelWindow:
    """A window of a label image, of which what lies inside is read by the places that it has in the image.

    Parameters
    ----------
    box : Box
        Where it lies.
    pixels : ndarray, shape (y, x) or (z, y, x)
    """

    box: Box
    pixels: NDArray[np.integer]

    def __getitem__(self, selection: tuple[slice, ...]) -> NDArray[np.integer]:
        """Read a part as of an image with a channel: a slice for it, then one for each spatial axis."""
        places = zip(selection[1:], self.box.start, strict=True)
        return self.pixels[None, *(slice(one.start - first, one.stop - first) for one, first in places)]


Labels: TypeAlias = StoredArray | LabelWindow


def score_result_block(
    block: Block, result: Result, annotation: Labels, classes: int, tolerance: float
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
    block: Block, labels: Labels, annotation: Labels, classes: int, tolerance: float
) -> tuple[Scores, int]:
    """Return the scores of a block of a label image; no pixel is outside a mask."""
    box = _seen(block, tolerance)
    found = labels[(slice(0, 1), *box.slices)][0]
    found = np.where((found >= 0) & (found < classes), found, NOT_ANNOTATED).astype(np.uint8)
    return _scores(_truth(annotation, box, classes), found, block.core.within(box), classes, tolerance), 0


def scored_window(block: Block, tolerance: float) -> Box:
    """Return the pixels of an annotation and a prediction that the scores of a block need."""
    return _seen(block, tolerance).hull(block.pixels(LABEL_MARGIN))


def core_of(block: Block) -> Box:
    """Return the pixels of which the highest class of a block is."""
    return block.core


def held_classes(block: Block, labels: Labels, annotation: Labels, names: tuple[str, str]) -> NDArray[np.bool_]:
    """Return which classes there are in a block's core of two label images, (255,); what is below 0 is none.

    Raises
    ------
    InputError
        If a value is above 255, which ends the pass at once; `names` say of which image.
    """
    window, held = (slice(0, 1), *block.core.slices), np.zeros(NOT_ANNOTATED + 1, np.bool_)
    for array, name in zip((labels, annotation), names, strict=True):
        values = array[window]
        if values.max() > NOT_ANNOTATED:
            raise InputError(
                f"{name} holds the value {values.max()}; classes are 0 to {NOT_ANNOTATED - 1}, and {NOT_ANNOTATED} is "
                "not annotated: give images of classes, not of objects or intensities, or map their values "
                f"{HOW_TO_MAP}"
            )
        held[values[values >= 0].astype(np.uint8)] = True
    return held[:NOT_ANNOTATED]


def _seen(block: Block, tolerance: float) -> Box:
    """Return the pixels that decide which of a core's boundaries are matched: theirs, and a neighbour's of each."""
    return block.core.grown(boundary_halo(tolerance), block.lattice.shape)


def _truth(annotation: Labels, box: Box, classes: int) -> NDArray[np.uint8]:
    with about(annotation.path if isinstance(annotation, StoredArray) else ""):
        return annotated_classes(annotation[(slice(0, 1), *box.slices)][0], classes)


def _scores(
    truth: NDArray[np.uint8], found: NDArray[np.uint8], core: tuple[slice, ...], classes: int, tolerance: float
) -> Scores:
    boundaries = matched_boundaries(truth, found, truth != NOT_ANNOTATED, classes, tolerance, core)
    return Scores(confusion_matrix(truth[core], found[core], classes), boundaries=boundaries)
