"""A random forest on the filter bank: what many users have today, as plain arrays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from terrazzo.errors import InputError, ModelError
from terrazzo.kernels.classes.forest import forest_probabilities

ARRAYS = ("roots", "column", "threshold", "left", "right", "shares")
HEADER = "terrazzo-forest"


@dataclass(frozen=True, eq=False)
class PixelForest:
    """The trees of a random forest one after the other; see `forest_probabilities` for the arrays.

    Parameters
    ----------
    roots, column, threshold, left, right, shares : ndarray
    channels : int
        Of the images that it was fitted on.
    class_names : tuple of str
    fitted : dict
        How the fit went: numbers for people.
    """

    roots: NDArray[np.int64]
    column: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    shares: NDArray[np.float32]
    channels: int
    class_names: tuple[str, ...]
    fitted: dict[str, float]

    @classmethod
    def of_trees(
        cls, trees: Sequence[Any], channels: int, class_names: tuple[str, ...], fitted: dict[str, float]
    ) -> PixelForest:
        """Return the trees of scikit-learn's classifiers of all classes."""
        tables = [tree.tree_ for tree in trees]
        counts = [table.node_count for table in tables]
        shares = np.zeros((sum(counts), len(class_names)), np.float32)
        values = np.concatenate([table.value[:, 0, :] for table in tables])
        shares[:, trees[0].classes_.astype(int)] = values / values.sum(axis=1, keepdims=True)
        column, left, right = (
            np.concatenate([getattr(table, name) for table in tables]).astype(np.int32)
            for name in ("feature", "children_left", "children_right")
        )
        threshold = np.concatenate([table.threshold for table in tables]).astype(np.float64)
        roots = np.cumsum([0, *counts[:-1]])
        return cls(roots, column, threshold, left, right, shares, channels, class_names, fitted)

    def probabilities(self, responses: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of each class, shape (pixels, classes), from responses (columns, pixels)."""
        tables = (getattr(self, name) for name in ARRAYS)
        found: NDArray[np.float32] = forest_probabilities(responses, *tables)
        return found

    @property
    def nodes(self) -> int:
        """The number of nodes of all trees."""
        return self.column.size


def write_forest(forest: PixelForest, path: str | Path) -> None:
    """Write a forest as safetensors with a JSON header."""
    header = {"channels": forest.channels, "class_names": forest.class_names, "fitted": forest.fitted}
    arrays = {name: np.ascontiguousarray(getattr(forest, name)) for name in ARRAYS}
    save_file(arrays, path, metadata={HEADER: json.dumps(header)})


def open_forest(path: str | Path) -> PixelForest:
    """Read a forest that `write_forest` wrote.

    Raises
    ------
    InputError
        If there is no such file.
    ModelError
        If it is none of ours.
    """
    if not Path(path).is_file():
        raise InputError(f"there is no forest at '{path}'")
    try:
        with safe_open(path, framework="np") as file:
            header = json.loads((file.metadata() or {})[HEADER])
            arrays: dict[str, Any] = {name: file.get_tensor(name) for name in ARRAYS}
        named = {"channels": header["channels"], "class_names": tuple(header["class_names"])}
        return PixelForest(**arrays, **named, fitted=header["fitted"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise ModelError(f"'{path}' is no whole forest ({error}); fit it again") from error
