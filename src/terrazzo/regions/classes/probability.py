"""Probabilities in 8 bits: what images of them hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# a probability of 1
CERTAIN = 255


def in_8_bits(probabilities: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Return probabilities, from 0 to 1, as the nearest of 0/255 to 255/255."""
    steps: NDArray[np.uint8] = np.rint(CERTAIN * probabilities).astype(np.uint8)
    return steps
