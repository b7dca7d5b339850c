"""Which numbers move with the contrast and the brightness of an image: what may be altered in tables that are there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

_BRIGHT = re.compile(r"(mean|gaussian\d+_mean|intensity|gaussian\d+)_(\d+)$")
_CONTRAST = re.compile(r"(mean|std|intensity|(gaussian|gradient|laplacian|deviation|hessian|structure)\w*)_(\d+)$")


@dataclass(frozen=True, eq=False)
class Exposure:
    """How columns follow when all intensities are multiplied and moved.

    Parameters
    ----------
    contrast : ndarray of bool, shape (F,)
        Which are multiplied.
    brightness : ndarray of float32, shape (channels, F)
        1 for those that move with a channel's.
    """

    contrast: NDArray[np.bool_]
    brightness: NDArray[np.float32]

    @classmethod
    def of(cls, names: tuple[str, ...], channels: int) -> Self:
        """Return that of columns by their names: responses are of the first degree, other numbers stay as they are."""
        contrast = np.array([_CONTRAST.match(name) is not None for name in names])
        brightness = np.zeros((channels, len(names)), np.float32)
        for column, name in enumerate(names):
            if found := _BRIGHT.match(name):
                brightness[int(found[2]), column] = 1
        return cls(contrast, brightness)

    def altered(
        self, values: NDArray[np.float32], factor: float | NDArray[np.float32], moved: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return values (…, F) of an image whose intensities are multiplied by a factor, and moved by channel.

        Parameters
        ----------
        values : ndarray of float32, shape (…, F)
        factor : float, or ndarray of float32, shape (…, 1)
        moved : ndarray of float32, shape (channels,) or (…, channels)
        """
        altered: NDArray[np.float32] = values * np.where(self.contrast, np.float32(factor), np.float32(1))
        altered += moved @ self.brightness
        return altered
