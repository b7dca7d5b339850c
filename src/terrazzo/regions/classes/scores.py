"""How good a prediction is: confusion matrix, matched boundaries, the superpixels' best labelling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.html import figures, table
from terrazzo.regions.classes.annotation import CERTAIN
from terrazzo.regions.classes.calibration import calibration_error
from terrazzo.wording import MOST_LISTED, counted


@dataclass(frozen=True, eq=False)
class Scores:
    """The agreement of a prediction with an annotation, over annotated pixels.

    Parameters
    ----------
    confusion : ndarray of int64, shape (C, C + 1)
        Pixels by true class and predicted class; the last column holds predictions that are no class.
    best : int or None
        Pixels that the best labelling of the superpixels gets right; None of a prediction without superpixels.
    boundaries : ndarray of int64, shape (C, 4), or None
        For each class its boundary pixels in the prediction, those of them near its true boundary, its boundary
        pixels in the annotation, those of them near its predicted boundary.
    confidence : ndarray of int64, shape (256, 2), or None
        Pixels by the highest of their classes' probabilities, in 255ths, and those of them that are right; None of a
        prediction without an image of probabilities.
    """

    confusion: NDArray[np.int64]
    best: int | None = None
    boundaries: NDArray[np.int64] | None = None
    confidence: NDArray[np.int64] | None = None

    @classmethod
    def none(cls, classes: int) -> Scores:
        """Return the scores of no pixel, to which others are added."""
        confusion, boundaries, confidence = ((classes, classes + 1), (classes, 4), (CERTAIN + 1, 2))
        return cls(np.zeros(confusion, np.int64), 0, np.zeros(boundaries, np.int64), np.zeros(confidence, np.int64))

    def __add__(self, other: Scores) -> Scores:
        best = None if self.best is None or other.best is None else self.best + other.best
        boundaries = _sum_of_known(self.boundaries, other.boundaries)
        confidence = _sum_of_known(self.confidence, other.confidence)
        return Scores(self.confusion + other.confusion, best, boundaries, confidence)

    def summary(self, class_names: Sequence[str]) -> dict[str, Any]:
        """Return every figure as plain values, those of classes by name; NaN where there is none."""
        by_class = {"iou": self.iou, "dice": self.dice, "boundary_f1_per_class": self.boundary_f1_per_class}
        of_pixels = ("pixels", "accuracy", "mean_iou", "macro_f1", "adjusted_rand")
        names = (*of_pixels, "boundary_f1", "ceiling", "calibration_error")
        return {
            **{name: getattr(self, name) for name in names},
            **{name: dict(zip(class_names, values.tolist(), strict=True)) for name, values in by_class.items()},
            "confusion": self.confusion.tolist(),
        }

    @property
    def pixels(self) -> int:
        """The number of annotated pixels."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The share of annotated pixels whose class is right."""
        return float(np.trace(self.confusion) / self.pixels) if self.pixels else float("nan")

    @property
    def ceiling(self) -> float:
        """The accuracy of the best possible labelling of the superpixels; NaN of a prediction without superpixels."""
        return self.best / self.pixels if self.pixels and self.best is not None else float("nan")

    @property
    def calibration_error(self) -> float:
        """The expected calibration error (Guo et al. 2017); NaN of a prediction without probabilities.

        The mean over all annotated pixels of how far the share of right pixels is from the mean probability of the
        predicted class, in each of 15 equally wide bins of that probability. Probabilities are in 8 bits: each is off
        by up to 1/510, and beside the edge of a bin it may count in the next one.
        """
        return float("nan") if self.confidence is None else calibration_error(self.confidence)

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union per class; NaN for a class that is neither annotated nor predicted."""
        right = np.diagonal(self.confusion)
        union = self.confusion.sum(axis=1) + self.confusion[:, :-1].sum(axis=0) - right
        return np.where(union > 0, right / np.maximum(union, 1), np.nan)

    @property
    def dice(self) -> NDArray[np.float64]:
        """The Dice coefficient per class, which is also its F1 score; NaN as for `iou`."""
        return 2 * self.iou / (1 + self.iou)

    @property
    def mean_iou(self) -> float:
        """The mean of the classes' intersections over unions."""
        return _mean_of_known(self.iou)

    @property
    def macro_f1(self) -> float:
        """The mean of the classes' F1 scores."""
        return _mean_of_known(self.dice)

    @property
    def adjusted_rand(self) -> float:
        """The adjusted Rand score (Hubert and Arabie 1985) of predicted against true classes of annotated pixels.

        1 where the classes are the same, whatever they are called; 0 where they agree as chance would.
        """
        pairs = float(_pairs(self.confusion).sum())
        true, found = (float(_pairs(self.confusion.sum(axis=axis)).sum()) for axis in (1, 0))
        total = float(_pairs(np.array(self.pixels)))
        if self.pixels == 0:
            return float("nan")
        chance, most = true * found / max(total, 1.0), (true + found) / 2
        # one class on both sides, or one pixel: nothing to disagree on
        return 1.0 if most == chance else (pairs - chance) / (most - chance)

    @property
    def boundary_f1_per_class(self) -> NDArray[np.float64]:
        """The boundary F1 score (Csurka et al. 2013) per class; NaN for a class without boundary on either side.

        The harmonic mean of two shares: of the predicted boundary near the true one, and of the true boundary near
        the predicted one.
        """
        if self.boundaries is None:
            return np.full(len(self.confusion), np.nan)
        found, near_true, true, near_found = self.boundaries.T.astype(np.float64)
        precision, recall = near_true / np.maximum(found, 1), near_found / np.maximum(true, 1)
        both = np.maximum(precision + recall, np.finfo(np.float64).tiny)
        return np.where(found + true > 0, 2 * precision * recall / both, np.nan)

    @property
    def boundary_f1(self) -> float:
        """The mean of the classes' boundary F1 scores."""
        return _mean_of_known(self.boundary_f1_per_class)

    def __repr__(self) -> str:
        said = ", ".join(f"{name} {value:.4f}" for name, value in self._figures().items())
        return (
            f"<terrazzo.Scores of {counted(self.pixels, 'pixel')} in {len(self.confusion)} classes: {said or 'none'}>"
        )

    def _repr_html_(self) -> str:
        rows: dict[str, object] = {"Pixels": f"{self.pixels:,}"}
        rows |= {name[0].upper() + name[1:]: f"{value:.4f}" for name, value in self._figures().items()}
        rows |= self._tables() if len(self.confusion) <= MOST_LISTED else {"Classes": len(self.confusion)}
        return table("terrazzo.Scores", rows)

    def _figures(self) -> dict[str, float]:
        """The figures that there are."""
        named = {
            "accuracy": self.accuracy,
            "mean IoU": self.mean_iou,
            "macro F1": self.macro_f1,
            "boundary F1": self.boundary_f1,
            "ceiling": self.ceiling,
            "calibration error": self.calibration_error,
        }
        return {name: value for name, value in named.items() if not np.isnan(value)}

    def _tables(self) -> dict[str, object]:
        """The figures of each class, and the confusion matrix."""
        numbers = range(len(self.confusion))
        per_class = [(n, *map(_shown, (self.iou[n], self.dice[n], self.boundary_f1_per_class[n]))) for n in numbers]
        others = ["no class"] if self.confusion[:, -1].any() else []
        counts = self.confusion if others else self.confusion[:, :-1]
        return {
            "Per class": figures(("class", "IoU", "Dice", "boundary F1"), per_class),
            "Confusion": figures(
                ("true \\ predicted", *numbers, *others),
                [(n, *(f"{count:,}" for count in row)) for n, row in enumerate(counts)],
            ),
        }


def _sum_of_known(mine: NDArray[np.int64] | None, theirs: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    return None if mine is None or theirs is None else mine + theirs


def _shown(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.4f}"


def _mean_of_known(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _pairs(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how many pairs can be drawn out of each count: as floats, since a gigapixel's exceed 64 bits."""
    values = counts.astype(np.float64)
    return values * (values - 1) / 2
