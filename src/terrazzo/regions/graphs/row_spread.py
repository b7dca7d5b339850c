"""How do the superpixels of a fit lie around their middle, and which lie farther out than nearly all of these?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from functools import reduce
from operator import add
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.measures.lengths import squared_lengths

WITHIN = 0.999
"""The share of the superpixels of a fit that lies within `RowSpread.farthest`."""

SHRINKAGE = 0.1
"""What is added to the variance of each standardised column: few superpixels say little of what hardly varies."""

MOST_CORRELATED = 256
"""With more columns, from 4 channels on, each counts by itself: the work on a superpixel grows with their square."""

# from 1/256 to 65536, a hundredth apart
EDGES = 2.0 ** (np.arange(-8 * 64, 16 * 64 + 1) / 64)

_ROWS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class RowSpread:
    """The distribution of scaled rows, as a middle and axes, and how far from the middle nearly all of them lie.

    The distance is Mahalanobis's: the root of the mean square of a row's coordinates along axes on which rows spread by
    1. So it tells rows whose columns are ordinary one by one and not together, such as those of noise.

    Parameters
    ----------
    middle : ndarray of float64, shape (F,)
    axes : ndarray of float64, shape (F, F), lower triangular, or (F,)
        What brings a row's difference to the middle to a spread of 1: with columns together, or each by itself.
    farthest : float
        The distance within which 99.9 % of the rows lie.
    """

    middle: NDArray[np.float64]
    axes: NDArray[np.float64]
    farthest: float

    @classmethod
    def of(cls, tables: Callable[[], Iterable[NDArray[np.float32]]]) -> Self | None:
        """Return the spread of rows that are seen a table at a time, twice; None if there is none.

        Each row's distance is taken from the others: few rows in many columns make room for themselves.

        Parameters
        ----------
        tables : callable
            Gives tables of scaled rows (N, F), each time in the same order.
        """
        moments = reduce(add, map(_Moments.of, tables()))
        if not moments.count:
            return None
        middle, axes = moments.total / moments.count, moments.axes()
        spread = cls(middle, axes, np.inf)
        counts = np.zeros(len(EDGES) + 1, np.int64)
        for rows in tables():
            apart = _from_others(spread.distances(rows), moments.count, len(middle))
            counts += np.bincount(np.searchsorted(EDGES, apart), minlength=len(counts))
        # whole numbers: their order says nothing
        place = int(np.searchsorted(counts.cumsum(), WITHIN * moments.count))
        return cls(middle, axes, float(np.append(EDGES, np.inf)[place]))

    def distances(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the distance of each scaled row (N, F) from the middle, the same whichever others come with it."""
        found = [self._squares(rows[start : start + _ROWS_AT_ONCE]) for start in range(0, len(rows), _ROWS_AT_ONCE)]
        return np.sqrt(np.concatenate([np.zeros(0), *found]) / max(1, len(self.middle)))

    def beyond(self, rows: NDArray[np.float32]) -> int:
        """Return how many scaled rows lie farther out than 99.9 % of those of the fit."""
        return int((self.distances(rows) > self.farthest).sum())

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return all that it is, by name."""
        return {field.name: np.atleast_1d(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def restored(cls, arrays: dict[str, NDArray[Any]], columns: int) -> Self:
        """Return what `arrays` gave; a ValueError if they are not of so many columns."""
        middle, axes, farthest = (arrays[field.name].astype(np.float64) for field in fields(cls))
        if middle.shape != (columns,) or axes.shape not in ((columns,), (columns, columns)):
            raise ValueError(f"a spread of shapes {middle.shape} and {axes.shape} for {columns} columns")
        return cls(middle, axes, float(farthest[0]))

    def _squares(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        apart = np.ascontiguousarray(rows.T.astype(np.float64) - self.middle[:, None])
        if self.axes.ndim == 2:
            squares: NDArray[np.float64] = squared_lengths(apart, self.axes)
            return squares
        total = np.zeros(len(rows))
        for column, share in zip(apart, self.axes, strict=True):
            total += np.square(share * column)
        return total


def _from_others(distances: NDArray[np.float64], count: int, columns: int) -> NDArray[np.float64]:
    """Return distances from a spread as if each row had been no part of it (Sherman and Morrison 1950)."""
    shares = columns * np.square(distances) / count
    return distances / np.sqrt(np.maximum(1 - shares, np.finfo(np.float64).eps))


@dataclass(frozen=True, eq=False)
class _Moments:
    """Count, sum and summed products of rows; scaled rows are near 0, so that nothing cancels."""

    count: int
    total: NDArray[np.float64]
    products: NDArray[np.float64]

    @classmethod
    def of(cls, rows: NDArray[np.float32]) -> _Moments:
        total = np.zeros(rows.shape[1])
        together = rows.shape[1] <= MOST_CORRELATED
        products = np.zeros((rows.shape[1],) * (2 if together else 1))
        for values in _pieces(rows):
            total += values.sum(axis=0)
            products += values.T @ values if together else np.square(values).sum(axis=0)
        return cls(len(rows), total, products)

    def __add__(self, other: _Moments) -> _Moments:
        return _Moments(self.count + other.count, self.total + other.total, self.products + other.products)

    def axes(self) -> NDArray[np.float64]:
        """Return what brings rows to a spread of 1."""
        middle = self.total / self.count
        if self.products.ndim == 1:
            return 1 / np.sqrt(np.maximum(self.products / self.count - np.square(middle), 0) + SHRINKAGE)
        covariance = self.products / self.count - np.outer(middle, middle)
        lower = np.linalg.cholesky(covariance + SHRINKAGE * np.eye(len(middle)))
        return np.tril(np.linalg.inv(lower))


def _pieces(rows: NDArray[np.float32]) -> Iterator[NDArray[np.float64]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE].astype(np.float64)
