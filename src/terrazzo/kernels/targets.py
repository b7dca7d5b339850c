"""How many annotated pixels of each class lie under each region."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel


@kernel
def class_counts(
    index: NDArray[np.int32], annotation: NDArray[np.uint8], number: int, classes: int
) -> NDArray[np.uint32]:
    """Return the pixels of each class under each region, shape (regions, classes).

    Parameters
    ----------
    index : ndarray of int32, shape (y, x)
        The region of each pixel, counted from 0; -1 is none.
    annotation : ndarray of uint8, shape (y, x)
        The class of each pixel; what is not below `classes` (255) is not annotated and counts for nothing.
    number : int
        The number of regions.
    classes : int
        The number of classes.
    """
    counts = np.zeros((number, classes), np.uint32)
    for y in range(index.shape[0]):
        for x in range(index.shape[1]):
            if index[y, x] >= 0 and annotation[y, x] < classes:
                counts[index[y, x], annotation[y, x]] += 1
    return counts
