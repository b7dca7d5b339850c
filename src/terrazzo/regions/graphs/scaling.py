"""How are features brought to a common scale? By the training nodes' mean and standard deviation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.kernels.standardised import LIMIT, standardised_rows
from terrazzo.regions.graphs.region_graph import RegionGraph

# a thousand times the smallest number that float32 has
LEAST_SPREAD = 1.4e-42
_ROWS_AT_ONCE = 65536
_NO_NODE = "there is no training node to fit the feature scaling on; give at least one row"


@dataclass(frozen=True, eq=False)
class Scaling:
    """Standardisation of node features: ``(x - mean) / std`` per column.

    Parameters
    ----------
    node_mean, node_std : ndarray of float32, shape (F,)
    """

    node_mean: NDArray[np.float32]
    node_std: NDArray[np.float32]

    @classmethod
    def fit(cls, graphs: Sequence[RegionGraph], rows_per_graph: Sequence[NDArray[np.int64]]) -> Scaling:
        """Mean and standard deviation over the training nodes.

        Values that are not finite are left out, column by column. A column without spread gets the scale 1.

        Parameters
        ----------
        graphs : sequence of RegionGraph
            Graphs with the same columns.
        rows_per_graph : sequence of ndarray of int64
            The training rows of each graph.

        Returns
        -------
        Scaling

        Raises
        ------
        ParameterError
            If there is no training node or the lengths differ.
        """
        if len(graphs) != len(rows_per_graph):
            raise ParameterError(f"{len(graphs)} graphs have {len(rows_per_graph)} sets of rows; give one per graph")
        if not any(len(rows) for rows in rows_per_graph):
            raise ParameterError(_NO_NODE)
        nodes = [(graph.node_features, rows) for graph, rows in zip(graphs, rows_per_graph, strict=True)]
        return cls(*_mean_and_std(nodes))

    def nodes(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scaled node features, float32 (N, F); finite: a missing value becomes the mean."""
        return scaled(features, self.node_mean, self.node_std)


_Table = tuple[NDArray[np.float32], NDArray[np.int64]]


def _mean_and_std(tables: Sequence[_Table]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Two passes in float64: the sum of squares alone would cancel."""
    count = np.zeros(tables[0][0].shape[1])
    total, squares = count.copy(), count.copy()
    for piece in _pieces(tables):
        finite = np.isfinite(piece)
        count += finite.sum(axis=0)
        total += piece.sum(axis=0, where=finite)
    mean = total / np.maximum(count, 1)
    for piece in _pieces(tables):
        squares += np.square(piece - mean).sum(axis=0, where=np.isfinite(piece))
    return as_scale(count, mean, squares)


def as_scale(
    count: NDArray[np.float64], mean: NDArray[np.float64], squares: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation of columns by their count, mean and summed squared deviations."""
    std = np.sqrt(squares / np.maximum(count, 1))
    # below this a spread is rounding: float32 cannot resolve it beside the mean, or at all
    std[std <= np.maximum(np.finfo(np.float32).eps * np.abs(mean), LEAST_SPREAD)] = 1
    return mean.astype(np.float32), std.astype(np.float32)


def _pieces(tables: Sequence[_Table]) -> Iterator[NDArray[np.float64]]:
    for features, rows in tables:
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            yield features[rows[start : start + _ROWS_AT_ONCE]].astype(np.float64)


def scaled(features: NDArray[np.float32], mean: NDArray[np.float32], std: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features (N, F) standardised by column; a ParameterError if there are not as many columns."""
    if features.ndim != 2 or features.shape[1] != len(mean):
        raise ParameterError(
            f"features of shape {features.shape} do not fit a scaling of {len(mean)} columns; "
            "use the columns that it was fitted on"
        )
    return standardised(features.astype(np.float32), mean, std)


def standardised(
    values: NDArray[np.float32], mean: NDArray[np.float32], std: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return ``(values - mean) / std`` by the last axis, finite: a missing value becomes the mean."""
    rows = np.ascontiguousarray(values).reshape(math.prod(values.shape[:-1]), values.shape[-1])
    return standardised_rows(rows, mean, std, LIMIT).reshape(values.shape)


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
