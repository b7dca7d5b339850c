"""Which class was predicted where which class is true."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel


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
