"""Which regions of a table touch, what is known of their boundaries, and in which direction they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from terrazzo.models.messages.directions import sectors


@dataclass(frozen=True, eq=False)
class TouchingPairs:
    """Pairs of regions that touch, each once, as tensors.

    Parameters
    ----------
    ends : Tensor of int64, shape (2, E)
        Rows of a table.
    columns : Tensor of float32, shape (E, G)
        `boundary_columns`.
    lines : Tensor of int64, shape (E,)
        The number of the line that they lie on: a direction or its opposite, of 4 in an image and 13 in a volume.
    """

    ends: Tensor
    columns: Tensor
    lines: Tensor

    @classmethod
    def of(
        cls,
        ends: NDArray[np.int64],
        features: NDArray[np.float32],
        offsets: NDArray[Any],
        device: torch.device | str = "cpu",
    ) -> TouchingPairs:
        """Return those of the edges of a region graph.

        Parameters
        ----------
        ends : ndarray of int64, shape (2, E)
        features : ndarray of float32, shape (E, G)
            Of the edges: the extent of the boundary, then contrasts.
        offsets : ndarray, shape (E, axes)
            From one end to the other, in cells.
        device : torch.device or str
        """
        relations = 3 ** offsets.shape[1] - 1
        towards = sectors(offsets.astype(np.float64))
        lines = np.minimum(towards, relations - 1 - towards)
        arrays = np.ascontiguousarray(ends), boundary_columns(features), lines
        return cls(*(torch.from_numpy(array).to(device) for array in arrays))


def boundary_columns(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features of edges as they are compared: the logarithm of a boundary's extent, contrasts as they are."""
    columns = features.astype(np.float32)
    np.log(np.maximum(columns[:, 0], 1), out=columns[:, 0])
    return columns
