"""One connected piece of a class, as a polygon."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.classes.outline import simple_rings


@dataclass(frozen=True, eq=False)
class ClassRegion:
    """A 4-connected region of one class, outlined along the edges of its pixels.

    Parameters
    ----------
    value : int
        The class.
    rings : tuple of ndarray of int64, each (N, 2)
        (x, y) of the corners: first the outer ring, counter-clockwise where y points up, then the holes, clockwise.
        Each begins with its highest and then leftmost corner in the image, and does not repeat it.
    """

    value: int
    rings: tuple[NDArray[np.int64], ...]

    @classmethod
    def of(cls, value: int, walks: Sequence[NDArray[np.int64]], width: int) -> ClassRegion:
        """Return the region that closed outlines, (y, x), belong to: where they touch themselves they are cut."""
        rings = [ring for walk in walks for ring in _rings(walk, width)]
        # the outer ring holds the highest corner, and of those the leftmost
        return cls(value, tuple(sorted(rings, key=lambda ring: (ring[0, 1], ring[0, 0]))))

    @property
    def order(self) -> tuple[int, int, int]:
        """What regions are sorted by: their lowest row, then their first corner."""
        outer = self.rings[0]
        return int(outer[:, 1].max()), int(outer[0, 1]), int(outer[0, 0])


def _rings(walk: NDArray[np.int64], width: int) -> list[NDArray[np.int64]]:
    corners, offsets = simple_rings(walk, width)
    turned = corners[:, ::-1]
    return [turned[first:end] for first, end in itertools.pairwise(offsets.tolist())]
