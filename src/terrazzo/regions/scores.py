"""How good a prediction is: from a confusion matrix and the superpixels' best possible labelling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Scores:
    """The agreement of a prediction with an annotation, over annotated pixels.

    Parameters
    ----------
    confusion : ndarray of int64, shape (C, C + 1)
        Pixels by true class and predicted class; the last column holds predictions that are no class.
    best : int or None
        Pixels that the best labelling of the superpixels gets right; None where there are no superpixels.
    """

    confusion: NDArray[np.int64]
    best: int | None

    def __add__(self, other: Scores) -> Scores:
        both = None if self.best is None or other.best is None else self.best + other.best
        return Scores(self.confusion + other.confusion, both)

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
        """The accuracy of the best possible labelling of the superpixels; NaN where there are none."""
        return self.best / self.pixels if self.best is not None and self.pixels else float("nan")

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union per class; NaN for a class that is neither annotated nor predicted."""
        right = np.diagonal(self.confusion)
        union = self.confusion.sum(axis=1) + self.confusion[:, :-1].sum(axis=0) - right
        return np.where(union > 0, right / np.maximum(union, 1), np.nan)

    @property
    def dice(self) -> NDArray[np.float64]:
        """The Dice coefficient per class; NaN as for `iou`."""
        return 2 * self.iou / (1 + self.iou)

    @property
    def mean_iou(self) -> float:
        """The mean of the classes' intersections over unions."""
        known = self.iou[~np.isnan(self.iou)]
        return float(known.mean()) if known.size else float("nan")
