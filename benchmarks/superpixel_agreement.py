"""How well superpixels agree with annotated segments, in counts that add up over images."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

REACH = 2

Labels = NDArray[np.integer]


@dataclass(frozen=True)
class Agreement:
    """Superpixels, pixels and boundary pixels of one or several images."""

    superpixels: int = 0
    pixels: int = 0
    achievable: int = 0
    leaked: int = 0
    boundary: int = 0
    wanted: int = 0
    recalled: int = 0

    def __add__(self, other: Agreement) -> Agreement:
        return Agreement(*map(sum, zip(astuple(self), astuple(other), strict=True)))

    @property
    def accuracy(self) -> float:
        """The share of pixels that lie in the segment which holds most of their superpixel (Liu et al. 2011)."""
        return self.achievable / self.pixels

    @property
    def shares(self) -> tuple[float, float, float, float]:
        """Achievable accuracy, under-segmentation error, boundary recall, share of boundary pixels."""
        return self.accuracy, self.leaked / self.pixels, self.recalled / self.wanted, self.boundary / self.pixels


def agreement(superpixels: Labels, segments: Labels) -> Agreement:
    """Count how superpixels agree with segments.

    A superpixel leaks, for each segment that it meets, the smaller of its parts inside and outside (Neubert and
    Protzel 2012). A segment's boundary pixel is recalled if a superpixel's is at most `REACH` rows and columns away.
    """
    parts, areas = np.unique(np.stack([superpixels.ravel(), segments.ravel()]), axis=1, return_counts=True)
    first = np.flatnonzero(np.diff(parts[0], prepend=parts[0, 0] - 1))
    whole = np.repeat(np.add.reduceat(areas, first), np.diff(first, append=areas.size))
    found, wanted = _boundary(superpixels), _boundary(segments)
    near = ndimage.maximum_filter(found, 2 * REACH + 1)
    return Agreement(
        first.size,
        segments.size,
        int(np.maximum.reduceat(areas, first).sum()),
        int(np.minimum(areas, whole - areas).sum()),
        int(found.sum()),
        int(wanted.sum()),
        int((wanted & near).sum()),
    )


def _boundary(labels: Labels) -> NDArray[np.bool_]:
    """Return the pixels that differ from the next one on the right or below."""
    boundary = np.zeros(labels.shape, bool)
    boundary[:, :-1] = labels[:, 1:] != labels[:, :-1]
    boundary[:-1] |= labels[1:] != labels[:-1]
    return boundary
