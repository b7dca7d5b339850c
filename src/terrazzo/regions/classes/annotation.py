"""Annotations: a class per pixel, 255 where nobody has said."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import InputError

NOT_ANNOTATED = 255


def annotated_classes(annotation: NDArray[np.integer[Any]], classes: int) -> NDArray[np.uint8]:
    """Return an annotation as uint8.

    Raises
    ------
    InputError
        If it holds a value that is neither a class, `0..classes - 1`, nor 255, or there are over 255 classes.
    """
    if not 1 <= classes <= NOT_ANNOTATED:
        raise InputError(f"there are {classes} classes; there must be 1 to {NOT_ANNOTATED}, with the values 0 to 254")
    allowed = ((annotation >= 0) & (annotation < classes)) | (annotation == NOT_ANNOTATED)
    if not allowed.all():
        value = annotation[~allowed].ravel()[0]
        raise InputError(
            f"the annotation holds the value {value}; with {classes} classes it must be 0 to {classes - 1}, or "
            f"{NOT_ANNOTATED} for not annotated"
        )
    return annotation.astype(np.uint8)


# a probability of 1
CERTAIN = 255


def in_8_bits(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Return probabilities, from 0 to 1, as the nearest of 0/255 to 255/255."""
    steps: NDArray[np.uint8] = np.rint(CERTAIN * probabilities).astype(np.uint8)
    return steps
