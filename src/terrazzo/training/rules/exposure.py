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
    """How columns follow when the intensities of channels are multiplied and moved.

    Parameters
    ----------
    contrast, brightness : ndarray of float32, shape (channels, F)
        1 for those that are multiplied, or moved, with a channel's.
    """

    contrast: NDArray[np.float32]
    brightness: NDArray[np.float32]

    @classmethod
    def of(cls, names: tuple[str, ...], channels: int) -> Self:
        """Return that of columns by their names: responses are of the first degree, other numbers stay as they are."""
        contrast, brightness = np.zeros((2, channels, len(names)), np.float32)
        for column, name in enumerate(names):
            for pattern, which in ((_CONTRAST, contrast), (_BRIGHT, brightness)):
                if found := pattern.match(name):
                    which[int(found[found.re.groups]), column] = 1
        return cls(contrast, brightness)

    def altered(
        self, values: NDArray[np.float32], factor: NDArray[np.float32], moved: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return values (…, F) of an image whose channels are multiplied by factors, and moved.

        Parameters
        ----------
        values : ndarray of float32, shape (…, F)
        factor, moved : ndarray of float32, shape (channels,)
        """
        altered: NDArray[np.float32] = values * (factor @ self.contrast + (1 - self.contrast.sum(axis=0)))
        altered += moved @ self.brightness
        return altered


def drawn_exposure(
    rng: np.random.Generator, contrast: float, brightness: float, units: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return by how much each channel is multiplied, and moved: each by itself, as stains and lamps change.

    Parameters
    ----------
    rng : numpy.random.Generator
    contrast, brightness : float
        Deviations of the logarithm of the factor, and of what is added in units.
    units : ndarray of float32, shape (channels,)
        The deviation of the channels' intensities.
    """
    factor = np.exp(rng.normal(0, contrast, len(units))).astype(np.float32)
    return factor, (rng.normal(0, brightness, len(units)) * units).astype(np.float32)
