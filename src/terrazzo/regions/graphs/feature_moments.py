"""Mean and spread of features that are seen a table at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class FeatureMoments:
    """Count, mean and summed squared deviations of each column, over the values that are finite.

    Parameters
    ----------
    count, mean, squares : ndarray of float64, shape (F,)
    """

    count: NDArray[np.float64]
    mean: NDArray[np.float64]
    squares: NDArray[np.float64]

    @classmethod
    def of(cls, table: NDArray[np.floating[Any]]) -> FeatureMoments:
        """Return the moments of a table (N, F)."""
        values = table.astype(np.float64)
        finite = np.isfinite(values)
        count = finite.sum(axis=0).astype(np.float64)
        mean = values.sum(axis=0, where=finite) / np.maximum(count, 1)
        return cls(count, mean, np.square(values - mean).sum(axis=0, where=finite))

    def __add__(self, other: FeatureMoments) -> FeatureMoments:
        """Return the moments of both tables together (Chan, Golub and LeVeque 1979); their order moves rounding."""
        count = self.count + other.count
        share = other.count / np.maximum(count, 1)
        apart = other.mean - self.mean
        squares = self.squares + other.squares + apart**2 * self.count * share
        return FeatureMoments(count, self.mean + apart * share, squares)
