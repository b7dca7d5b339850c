"""Which units are learned from, which tell when to stop, and which are tested on: the same for every method."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.training.rules.splits import hold_out_graphs
from terrazzo.wording import counted

_log = logging.getLogger(__name__)

TEST_SHARE, VALIDATION_SHARE = 0.25, 0.2
SIDES = ("training", "validation", "test")


@dataclass(frozen=True)
class Fold:
    """The numbers of the units on each side.

    Parameters
    ----------
    training, validation, test : tuple of int
    """

    training: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


def make_folds(
    counts: NDArray[np.int64], folds: int, *, seed: int, what: str, class_names: Sequence[str]
) -> list[Fold]:
    """Split units with annotated pixels into training, validation and test.

    Without folds about a quarter of the annotated pixels is tested on; with `folds` each unit is, once. About a fifth
    of the rest is for validation.

    Parameters
    ----------
    counts : ndarray of int64, shape (units, classes)
        Annotated pixels.
    folds : int
        1, or how many times to split.
    seed : int
    what : str
        What a unit is called: "images", "groups" or "regions".
    class_names : sequence of str

    Raises
    ------
    ParameterError
        If there are too few units, or a side would lack a class.
    """
    units = np.flatnonzero(counts.any(axis=1))
    least = 3 if folds == 1 else max(4, folds)
    if folds < 1:
        raise ParameterError(f"folds is {folds}; give 1 for one split, or how many times to split")
    if len(units) < least:
        found = f"{counted(len(units), f'annotated {what[:-1]}')} {'is' if len(units) == 1 else 'are'}"
        more = "annotate more of them" if what == "regions" else "give more, or split by region"
        raise ParameterError(
            f"{found} too few for a training, a validation and a test side"
            f"{f' in {folds} folds' if folds > 1 else ''}; at least {least} are needed: {more}"
        )
    made = []
    for test in _tests(counts[units], folds, seed, what):
        rest = np.setdiff1d(np.arange(len(units)), test)
        training, validation = hold_out_graphs([row[None] for row in counts[units[rest]]], VALIDATION_SHARE, seed)
        fold = Fold(*(tuple(units[rows].tolist()) for rows in (rest[training], rest[validation], test)))
        check_classes({side: counts[list(getattr(fold, side))] for side in SIDES}, counts, what, class_names)
        made.append(fold)
    return made


def _tests(counts: NDArray[np.int64], folds: int, seed: int, what: str) -> list[NDArray[np.int64]]:
    """Return the units of each fold's test."""
    if folds > 1:
        order = np.random.default_rng(seed).permutation(len(counts))
        # the largest first, so that folds are about as large
        order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
        return [np.sort(order[start::folds]) for start in range(folds)]
    _, test = hold_out_graphs([row[None] for row in counts], TEST_SHARE, seed)
    if not test.size:
        raise ParameterError(
            f"none of {len(counts)} {what} can be tested on without a class leaving training; annotate more classes in "
            f"more {what}"
        )
    return [test[: len(counts) - 2]]  # one is needed for training and one for validation


def check_classes(
    sides: Mapping[str, NDArray[np.int64]], units: NDArray[np.int64], what: str, class_names: Sequence[str]
) -> None:
    """Raise a ParameterError if training or test lacks a class; if validation does, that is a warning.

    Parameters
    ----------
    sides : mapping of str to ndarray of int64, shape (any number, classes)
        Annotated pixels on each side.
    units : ndarray of int64, shape (units, classes)
        Those of all units.
    what : str
        What a unit is called.
    class_names : sequence of str
    """
    if not sides["validation"].any():
        raise ParameterError(
            f"none of the {what} for training can be held out for validation without a class leaving training; "
            f"annotate every class in more {what}"
        )
    annotated = units.any(axis=0)
    for side, counts in sides.items():
        for lacking in np.flatnonzero(annotated & ~counts.any(axis=0)).tolist():
            sentence = (
                f"class '{class_names[lacking]}' is absent from {side}: it is annotated in "
                f"{np.count_nonzero(units[:, lacking])} of {len(units)} {what}; annotate it in at least 3 {what}, try "
                "another seed, or split in another way"
            )
            if side != "validation":
                raise ParameterError(sentence)
            _log.warning("%s", sentence)
