"""Which parts of a validation side are looked at, where all of it would take too long: some with each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def some_of_each(counts: NDArray[Any], most: int, seed: int) -> NDArray[np.int64]:
    """Return which parts are looked at, in order: all, or `most` drawn at random, some of them with each class.

    Up to half of them are there for the classes, the rarest first, an equal number for each: parts drawn from all
    alone may lack a class that few have, and a network that never finds it would be the best.

    Parameters
    ----------
    counts : ndarray, shape (parts, C)
        Annotated pixels of each class.
    most : int
        At least one is given for each class.
    seed : int
    """
    if len(counts) <= most:
        return np.arange(len(counts))
    order = np.random.default_rng(seed).permutation(len(counts))
    held = np.asarray(counts)[order] > 0
    taken = np.zeros(len(order), np.bool_)
    each = max(1, most // (2 * held.shape[1]))
    for column in np.argsort(np.count_nonzero(held, axis=0), kind="stable"):
        lacking = each - np.count_nonzero(taken & held[:, column])
        taken[np.flatnonzero(held[:, column] & ~taken)[: max(0, lacking)]] = True
    taken[np.flatnonzero(~taken)[: max(0, most - np.count_nonzero(taken))]] = True
    return np.sort(order[taken])


def stands_for(counts: NDArray[Any], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how many annotated pixels of all parts each of the chosen ones stands for, by class: 1 where all are.

    With that, parts that were taken for a rare class give it no more weight than it has on the whole side.
    """
    every = np.asarray(counts, np.float64)
    weights: NDArray[np.float64] = every.sum(axis=0) / np.maximum(every[chosen].sum(axis=0), 1)
    return weights
