"""What several models say of the same pixels together: in whole numbers, so that it has the same bits anywhere."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from terrazzo.regions.classes.annotation import CERTAIN, NOT_ANNOTATED

Planes = Iterable[NDArray[np.uint8]]

# of a pixel and class: the sum of probabilities and the votes, and for a moment what both come to
BYTES_PER_CLASS = 4 + 4 + 8


class Agreement:
    """The mean of the probabilities of several models, or their vote.

    A model that gives a pixel no class has no say there.

    Parameters
    ----------
    shape : tuple of int
        Of the pixels.
    classes : int
    vote : bool
        Whether each model counts for its class alone.
    """

    def __init__(self, shape: tuple[int, ...], classes: int, *, vote: bool = False) -> None:
        self._votes = np.zeros((classes, *shape), np.int32)
        self._sums = None if vote else np.zeros((classes, *shape), np.int32)
        self._models = 0

    def add(self, classes: NDArray[np.uint8], probabilities: Planes = ()) -> None:
        """Add what one more model says.

        Parameters
        ----------
        classes : ndarray of uint8, of the pixels' shape
            255 is none.
        probabilities : iterable of ndarray of uint8
            A plane for each class, in 255ths; of a vote none is asked for.
        """
        self._models += 1
        for value, votes in enumerate(self._votes):
            votes += classes == value
        if self._sums is not None:
            for total, plane in zip(self._sums, probabilities, strict=False):
                total += np.where(classes == NOT_ANNOTATED, np.uint8(0), plane)

    def copy(self) -> Agreement:
        """Return the same, to which others may be added."""
        return copy.deepcopy(self)

    @property
    def classes(self) -> NDArray[np.uint8]:
        """The class of each pixel, of the highest mean or of most votes; ties go to the lowest, 255 is none.

        Means are in 8 bits: where these are equal, that of more models is taken.
        """
        score = self._votes if self._sums is None else self._sums * (self._models + 1) + self._votes
        highest = score.argmax(axis=0).astype(np.uint8)
        return np.where(self._voters > 0, highest, np.uint8(NOT_ANNOTATED))

    def planes(self) -> Iterator[NDArray[np.uint8]]:
        """Yield for each class its mean probability at each pixel, or its share of the votes, in 255ths."""
        voters = np.maximum(self._voters, 1)
        for value, votes in enumerate(self._votes):
            total = CERTAIN * votes if self._sums is None else self._sums[value]
            yield ((2 * total + voters) // (2 * voters)).astype(np.uint8)

    @property
    def _voters(self) -> NDArray[np.int32]:
        voters: NDArray[np.int32] = self._votes.sum(axis=0, dtype=np.int32)
        return voters
