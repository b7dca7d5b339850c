"""What do the trees of a random forest say? Trees as flat tables, one after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

LEAF = -1


@kernel
def forest_probabilities(
    features: NDArray[np.float32],
    roots: NDArray[np.int64],
    column: NDArray[np.int32],
    threshold: NDArray[np.float64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    shares: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return the mean over trees of the class shares in the leaf of each sample, shape (samples, classes).

    Parameters
    ----------
    features : ndarray of float32, shape (columns, samples)
        What the trees ask for.
    roots : ndarray of int64, shape (trees,)
        The first node of each tree; children are numbered from it.
    column, left, right : ndarray of int32, shape (nodes,)
        The feature that a node asks for, and its children where that is at most, or above, the threshold. A leaf's
        children are -1.
    threshold : ndarray of float64, shape (nodes,)
    shares : ndarray of float32, shape (nodes, classes)
        The share of each class among the training samples of a node.
    """
    samples, classes = features.shape[1], shares.shape[1]
    total = np.zeros((samples, classes), np.float64)
    for sample in range(samples):
        for root in roots:
            node = root
            while left[node] != LEAF:
                below = np.float64(features[column[node], sample]) <= threshold[node]
                node = root + (left[node] if below else right[node])
            for value in range(classes):
                total[sample, value] += shares[node, value]
    return (total / roots.size).astype(np.float32)
