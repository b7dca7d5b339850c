"""One split for all methods: the annotated images of each side of each fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from terrazzo.comparison.assignment import AnnotatedSource
from terrazzo.comparison.settings import WHAT, Splitting
from terrazzo.comparison.splitting.folds import SIDES, check_classes, make_folds
from terrazzo.comparison.splitting.side_sources import side_sources
from terrazzo.comparison.splitting.units import (
    Unit,
    class_counts_of,
    units_by_group,
    units_by_image,
    units_by_region,
)
from terrazzo.errors import InputError
from terrazzo.regions.classes.annotation import gap_note, mask_hint
from terrazzo.training.rules.few_annotated import say_few_annotated
from terrazzo.training.rules.named_classes import chosen_names


@dataclass(frozen=True)
class Split:
    """What each side of each fold holds.

    Parameters
    ----------
    class_names : tuple of str
    folds : tuple of dict of str to tuple of AnnotatedSource
        By "training", "validation" and "test".
    names : tuple of dict of str to list of str
        The units of each side.
    """

    class_names: tuple[str, ...]
    folds: tuple[dict[str, tuple[AnnotatedSource, ...]], ...]
    names: tuple[dict[str, list[str]], ...]


def split_sources(
    sources: Sequence[AnnotatedSource],
    folder: Path,
    splitting: Splitting,
    *,
    seed: int,
    class_names: Sequence[str] | None,
) -> Split:
    """Split annotated images; see `compare`. Parts of annotations are written to a folder.

    Raises
    ------
    InputError
        If the annotations hold fewer than two classes, or more than there are names; without names, if a class below
        the highest has no pixel.
    ParameterError
        If there are too few units, or training or test would lack a class.
    """
    by, groups, gap = splitting.by, splitting.groups, splitting.gap
    planes = [source.annotation.labels().plane for source in sources]
    names, extents = [source.name for source in sources], [plane.shape for plane in planes]
    if by == "region":
        units = units_by_region(names, extents, gap)
    else:
        units = units_by_image(names, extents) if groups is None else units_by_group(names, extents, groups)
    counts = class_counts_of(units, planes)
    if np.count_nonzero(counts.any(axis=0)) < 2:
        only = int(np.flatnonzero(counts.any(axis=0)).max(initial=0))
        # as of shapes of one class: there is no other that a value could be mapped to
        mask = "" if class_names is not None and len(class_names) == 1 else f" or, {mask_hint(only)}"
        raise InputError(f"fewer than two classes are annotated; annotate some pixels of at least two classes{mask}")
    note = gap_note(counts.sum(axis=0)) if class_names is None else None
    if note is not None:
        raise InputError(note)
    named = chosen_names(class_names, counts.shape[1] if class_names is None else len(class_names))
    counts = _widened(counts, len(named))
    say_few_annotated(counts.sum(axis=0), named)
    made = make_folds(counts, splitting.folds, seed=seed, what=WHAT[by], class_names=named)
    assigned = []
    for number, fold in enumerate(made):
        parts = folder / f"fold-{number}"
        sides = {side: side_sources(fold, side, units, sources, gap, parts) for side in SIDES}
        if by == "region":
            check_classes(_counts_between_gaps(sides, len(named)), counts, WHAT[by], named)
        assigned.append(sides)
    shown = ({side: [units[number].name for number in getattr(fold, side)] for side in SIDES} for fold in made)
    return Split(named, tuple(assigned), tuple(shown))


def _counts_between_gaps(sides: Mapping[str, Sequence[AnnotatedSource]], classes: int) -> dict[str, NDArray[np.int64]]:
    """Return the annotated pixels that are left of each side."""
    found = {}
    for side, sources in sides.items():
        planes = [source.annotation.labels().plane for source in sources]
        units: list[Unit] = units_by_image([source.name for source in sources], [plane.shape for plane in planes])
        found[side] = _widened(class_counts_of(units, planes), classes)
    return found


def _widened(counts: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Return counts with a column for every class."""
    if counts.shape[1] > classes:
        raise InputError(f"an annotation holds the value {counts.shape[1] - 1}; with {classes} classes it must be less")
    return np.pad(counts, ((0, 0), (0, classes - counts.shape[1])))
