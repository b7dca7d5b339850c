"""How often is a prediction right that is so sure of itself?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel


@kernel
def confidence_counts(
    annotation: NDArray[np.uint8], predicted: NDArray[np.uint8], highest: NDArray[np.uint8], classes: int
) -> NDArray[np.int64]:
    """Return the annotated pixels with each highest probability, and how many of them are right, shape (256, 2).

    Parameters
    ----------
    annotation, predicted : ndarray of uint8, of equal shape
        The class of each pixel; where the annotation is not below `classes` (255 = not annotated) it does not count.
    highest : ndarray of uint8, of the same shape
        The highest of the classes' probabilities, in 255ths.
    classes : int
    """
    counts = np.zeros((256, 2), np.int64)
    true, found, sure = annotation.ravel(), predicted.ravel(), highest.ravel()
    for pixel in range(true.size):
        if true[pixel] < classes:
            counts[sure[pixel], 0] += 1
            if true[pixel] == found[pixel]:
                counts[sure[pixel], 1] += 1
    return counts
