"""Clusters of embeddings: Gaussians with one covariance, which give any embedding a probability of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ModelError

_ROWS_AT_ONCE = 65536


@dataclass(frozen=True, eq=False)
class Clusters:
    """Gaussians in the main directions of embeddings.

    Parameters
    ----------
    middle : ndarray of float64, shape (D,)
        Of all embeddings.
    axes : ndarray of float64, shape (D, P)
        The main directions.
    centres : ndarray of float64, shape (C, P)
    root : ndarray of float64, shape (P, P)
        What turns a Gaussian into one of unit covariance: of k-means a number times the identity.
    log_weights : ndarray of float64, shape (C,)
    """

    middle: NDArray[np.float64]
    axes: NDArray[np.float64]
    centres: NDArray[np.float64]
    root: NDArray[np.float64]
    log_weights: NDArray[np.float64]

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.centres)

    def projected(self, embedding: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return embeddings in the main directions, shape (N, P)."""
        projected: NDArray[np.float64] = (embedding - self.middle) @ self.axes
        return projected

    def probabilities(self, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of each cluster, shape (N, C)."""
        found = np.empty((len(embedding), self.number), np.float32)
        centres = self.centres @ self.root
        for first in range(0, len(embedding), _ROWS_AT_ONCE):
            rows = self.projected(embedding[first : first + _ROWS_AT_ONCE].astype(np.float64)) @ self.root
            logits = np.stack([-0.5 * np.square(rows - centre).sum(axis=1) for centre in centres], axis=1)
            logits += self.log_weights
            shares = np.exp(logits - logits.max(axis=1, keepdims=True))
            found[first : first + len(rows)] = shares / shares.sum(axis=1, keepdims=True)
        return found

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return its arrays by name."""
        return {column.name: getattr(self, column.name) for column in fields(self)}

    @classmethod
    def restored(cls, arrays: Mapping[str, NDArray[np.float64]], width: int) -> Clusters:
        """Return the clusters of arrays that may be anybody's, for embeddings of a width.

        Raises
        ------
        ModelError
            If shapes do not fit each other.
        """
        found = cls(**{column.name: np.asarray(arrays[column.name], np.float64) for column in fields(cls)})
        directions = found.axes.shape[-1]
        wanted = {
            "middle": (width,),
            "axes": (width, directions),
            "centres": (found.number, directions),
            "root": (directions, directions),
            "log_weights": (found.number,),
        }
        for name, shape in wanted.items():
            if getattr(found, name).shape != shape:
                raise ModelError(f"{name} of the clusters has the shape {getattr(found, name).shape}, not {shape}")
        return found
