"""How the numbers of superpixels and of pixels are brought to a common scale: by the set that was fitted on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from terrazzo.regions.graphs.scaling import FeatureMoments, as_scale, standardised


@dataclass(frozen=True, eq=False)
class Scales:
    """Mean and standard deviation of each column, of superpixels' rows and of pixels' responses.

    Parameters
    ----------
    row_mean, row_std : ndarray of float32, shape (F,)
    pixel_mean, pixel_std : ndarray of float32, shape (K,)
    """

    row_mean: NDArray[np.float32]
    row_std: NDArray[np.float32]
    pixel_mean: NDArray[np.float32]
    pixel_std: NDArray[np.float32]

    @classmethod
    def of(cls, rows: FeatureMoments, pixels: FeatureMoments, places: int) -> Self:
        """Return the scales of what was seen; the last `places` columns of rows stay as they are, in cells."""
        row_mean, row_std = _scale(rows)
        row_mean[len(row_mean) - places :] = 0
        row_std[len(row_std) - places :] = 1
        return cls(row_mean, row_std, *_scale(pixels))

    def rows(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return rows (…, F) scaled, finite: a missing value becomes the mean."""
        return standardised(rows, self.row_mean, self.row_std)

    def pixels(self, responses: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return responses (P, K) scaled, finite."""
        return standardised(responses, self.pixel_mean, self.pixel_std)


SCALES = tuple(field.name for field in fields(Scales))


def _scale(moments: FeatureMoments) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return as_scale(moments.count, moments.mean, moments.squares)
