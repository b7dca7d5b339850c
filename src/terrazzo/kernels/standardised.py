"""Columns less their mean, over their deviation, in one pass over memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

LIMIT = np.float32(1e4)
"""Scaled features are cut to this many standard deviations, so that they are finite whatever comes in."""


@kernel
def standardised_rows(
    rows: NDArray[np.float32], mean: NDArray[np.float32], std: NDArray[np.float32], limit: np.float32
) -> NDArray[np.float32]:
    """Return ``(rows - mean) / std``, shape (N, F), within -limit and limit; a missing value becomes 0."""
    found = np.empty(rows.shape, np.float32)
    for row in range(rows.shape[0]):
        for column in range(rows.shape[1]):
            value = (rows[row, column] - mean[column]) / std[column]
            if np.isnan(value):
                value = np.float32(0)
            found[row, column] = min(max(value, -limit), limit)
    return found
