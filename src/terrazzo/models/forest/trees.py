"""The trees of a random forest as plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ModelError

ARRAYS = ("roots", "column", "threshold", "left", "right", "shares")


@dataclass(frozen=True, eq=False)
class Trees:
    """The trees of a random forest one after the other; see `forest_probabilities` for the arrays.

    Parameters
    ----------
    roots, column, threshold, left, right, shares : ndarray
    """

    roots: NDArray[np.int64]
    column: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    shares: NDArray[np.float32]

    @classmethod
    def of(cls, trees: Sequence[Any], classes: int) -> Trees:
        """Return those of scikit-learn's fitted classifiers, which may have seen only some of the classes."""
        tables = [tree.tree_ for tree in trees]
        counts = [table.node_count for table in tables]
        shares = np.zeros((sum(counts), classes), np.float32)
        values = np.concatenate([table.value[:, 0, :] for table in tables])
        shares[:, trees[0].classes_.astype(int)] = values / values.sum(axis=1, keepdims=True)
        column, left, right = (
            np.concatenate([getattr(table, name) for table in tables]).astype(np.int32)
            for name in ("feature", "children_left", "children_right")
        )
        threshold = np.concatenate([table.threshold for table in tables]).astype(np.float64)
        return cls(np.cumsum([0, *counts[:-1]]), column, threshold, left, right, shares)

    def __post_init__(self) -> None:
        """Check that no walk through the trees leaves them: a file may come from anybody."""
        nodes = len(self.column)
        inner = self.left >= 0
        last = np.append(self.roots[1:], nodes)
        if not (len(self.roots) and self.roots[0] == 0 and (np.diff(last, prepend=0) > 0).all()):
            raise ModelError("the roots of a forest's trees are not in order; fit the model again")
        if any(len(array) != nodes for array in (self.threshold, self.left, self.right, self.shares)):
            raise ModelError("the arrays of a forest differ in length; fit the model again")
        tree = np.repeat(np.arange(len(self.roots)), np.diff(last, prepend=0))
        own, size = np.arange(nodes) - self.roots[tree], np.diff(last, prepend=0)[tree]
        for child in (self.left, self.right):
            # children come after their parent, so that every walk ends
            if not ((child[inner] > own[inner]) & (child[inner] < size[inner])).all():
                raise ModelError("a node of a forest has a child outside its tree; fit the model again")

    @property
    def nbytes(self) -> int:
        """The bytes of all arrays."""
        return sum(getattr(self, name).nbytes for name in ARRAYS)
