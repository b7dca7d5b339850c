"""What does an annotated pixel count for? More, the nearer it is to another class."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.classes.other_class import other_class
from terrazzo.regions.classes.annotation import NOT_ANNOTATED

WIDTHS = 3
"""How many widths away a boundary is no longer seen: what is cut off is a hundredth of the rise."""


@dataclass(frozen=True)
class BoundaryWeights:
    """Weights of pixels that rise towards boundaries between classes.

    A pixel whose nearest annotated pixel of another class is `d` pixels away in its section counts
    ``1 + rise exp(-d² / (2 width²))``; from `reach` on, and without another class, it counts 1. What nobody annotated
    is no class and makes no boundary.

    Parameters
    ----------
    rise : float
        How much more a pixel counts that lies at a boundary; 0: all count alike.
    width : float
        In pixels.
    """

    rise: float = 0.0
    width: float = 4.0

    @property
    def reach(self) -> int:
        """How many pixels around a pixel its weight depends on, along y and x."""
        return math.ceil(WIDTHS * self.width) if self.rise else 0

    def of(self, classes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the weight of each pixel of an annotation (y, x) or (z, y, x); exact but for a rim of `reach`."""
        if not self.rise:
            return np.ones(classes.shape, np.float32)
        squares = np.arange(self.reach**2 + 2)
        weights = 1 + self.rise * np.exp(-squares / (2 * self.width**2))
        weights[-1] = 1
        volume = classes.reshape((-1, *classes.shape[-2:]))
        counted: NDArray[np.float32] = weights.astype(np.float32)[other_class(volume, NOT_ANNOTATED, self.reach)]
        return counted.reshape(classes.shape)
