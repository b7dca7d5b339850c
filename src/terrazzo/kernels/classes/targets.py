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
    index : ndarray of int32, of any shape
        The region of each pixel, counted from 0; -1 is none.
    annotation : ndarray of uint8, of the same shape
        The class of each pixel; what is not below `classes` (255) is not annotated and counts for nothing.
    number : int
        The number of regions.
    classes : int
        The number of classes.
    """
    counts = np.zeros((number, classes), np.uint32)
    regions, values = index.ravel(), annotation.ravel()
    for pixel in range(regions.size):
        if regions[pixel] >= 0 and values[pixel] < classes:
            counts[regions[pixel], values[pixel]] += 1
    return counts


@kernel
def confusion_matrix(annotation: NDArray[np.uint8], predicted: NDArray[np.uint8], classes: int) -> NDArray[np.int64]:
    """Return the pixel counts, shape (true class, predicted class), of two images of equal shape.

    Pixels whose annotation is not below `classes` (255 = not annotated) count for nothing; a predicted value
    that is not a class counts in an extra last column.
    """
    counts = np.zeros((classes, classes + 1), np.int64)
    true, found = annotation.ravel(), predicted.ravel()
    for pixel in range(true.size):
        if true[pixel] < classes:
            counts[true[pixel], min(found[pixel], classes)] += 1
    return counts
