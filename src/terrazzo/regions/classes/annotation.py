"""Annotations: a class per pixel, 255 where nobody has said."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.wording import listed

NOT_ANNOTATED = 255
HOW_TO_MAP = "(--map, or map= of open_labels)"

MANY = 64
"""Classes of which people seldom have more."""


def annotated_classes(annotation: NDArray[np.integer[Any]], classes: int) -> NDArray[np.uint8]:
    """Return an annotation as uint8.

    Raises
    ------
    InputError
        If it holds a value that is neither a class, `0..classes - 1`, nor 255, or there are over 255 classes.
    """
    if not 1 <= classes <= NOT_ANNOTATED:
        raise InputError(f"there are {classes} classes; there must be 1 to {NOT_ANNOTATED}, with the values 0 to 254")
    said = annotation[annotation != NOT_ANNOTATED]
    if said.size and (said.min() < 0 or said.max() >= classes):
        value = said[(said < 0) | (said >= classes)][0]
        raise InputError(
            f"the annotation holds the value {value}; with {classes} classes it must be 0 to {classes - 1}, or "
            f"{NOT_ANNOTATED} for not annotated; other values are mapped to classes, such as {value}=0 {HOW_TO_MAP}"
        )
    return annotation.astype(np.uint8)


def value_counts(values: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return how many pixels of an annotation have each value, shape (256,), the last being not annotated.

    Raises
    ------
    InputError
        If there is another value.
    """
    if values.size and (values.min() < 0 or values.max() > NOT_ANNOTATED):
        wrong = values.min() if values.min() < 0 else values.max()
        raise InputError(
            f"the annotation holds the value {wrong}; classes are 0 to {NOT_ANNOTATED - 1}, and {NOT_ANNOTATED} is not "
            f"annotated: map other values to classes, such as {wrong}=0 {HOW_TO_MAP}"
            f"{_intensities(np.unique(values).size)}"
        )
    return np.bincount(values.astype(np.uint8).ravel(), minlength=NOT_ANNOTATED + 1)


def gap_note(counts: NDArray[np.integer[Any] | np.bool_], mapped: bool = False) -> str | None:
    """Return a sentence about classes below the highest one that have no pixel, with the way out; None without any.

    Parameters
    ----------
    counts : ndarray of int or bool, shape (C,) or more
        Pixels of each class, or whether it has any.
    mapped : bool
        Whether values are mapped already.
    """
    held = np.flatnonzero(counts[:NOT_ANNOTATED])
    gaps = np.setdiff1d(np.arange(held.max(initial=-1) + 1), held)
    if not gaps.size:
        return None
    into = ",".join(f"{value}={place}" for place, value in enumerate(held[:8])) + (",…" if held.size > 8 else "")
    how = f"map the values differently {HOW_TO_MAP}" if mapped else f"map the values, such as {into} {HOW_TO_MAP}"
    return (
        f"the classes {listed(held.tolist())} have pixels and {_spans(gaps)} none, so that there would be "
        f"{held.max() + 1} classes; {how}, or name all classes, in the order of their values, if these may be absent"
        f"{_intensities(held.size)}"
    )


def _intensities(values: int) -> str:
    """Return the end of a sentence about an annotation with so many values: what it may be in truth."""
    return f"; with {values} values it looks like an image of intensities, not of classes" if values > MANY else ""


def mask_hint(other: int) -> str:
    """Return what to do where 255 and one other value alone are there, which may be a mask."""
    into = f"{NOT_ANNOTATED}={1 - other}" if other < 2 else f"{other}=0,{NOT_ANNOTATED}=1"
    return f"if {NOT_ANNOTATED} is a class, as in a mask, and does not mean not annotated, map {into} {HOW_TO_MAP}"


def _spans(values: NDArray[np.integer[Any]]) -> str:
    """Return whole numbers in order as people write them, such as "1 to 9, 11 to 19"."""
    runs = np.split(values, np.flatnonzero(np.diff(values) > 1) + 1)
    return listed([f"{run[0]} to {run[-1]}" if run.size > 1 else f"{run[0]}" for run in runs])


# a probability of 1
CERTAIN = 255


def in_8_bits(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Return probabilities, from 0 to 1, as the nearest of 0/255 to 255/255."""
    steps: NDArray[np.uint8] = np.rint(CERTAIN * probabilities).astype(np.uint8)
    return steps
