"""How far one channel of an image lies outside what was seen: in level, in how much it varies, in its shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.regions.intensities.distribution import Figures, SeenChannel

TINY = float(np.finfo(np.float64).tiny)

BLANK = 0.15
"""A channel whose values span less than this share of what was seen, and lie inside of it, has nothing in it."""

EXPOSURE = 2.25
"""An image that is so many times brighter or darker is still like the others."""

ENDS = tuple(2.0**bits - 1 for bits in (8, 10, 12, 14, 16))
"""Where cameras and files saturate."""


@dataclass(frozen=True)
class ComparedChannel:
    """A channel of an image, and what was seen of it.

    Parameters
    ----------
    own : Figures
    seen : SeenChannel
    """

    own: Figures
    seen: SeenChannel

    def level_outside(self, factors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far its quantiles, divided by each factor (n,), lie outside those seen, in their width.

        That is 0 or less where all lie among them.
        """
        own, low, high = (np.array(one.quantiles[1:-1]) for one in (self.own, self.seen.lowest, self.seen.highest))
        by = factors[:, None]
        # what is saturated would be no brighter, whatever it was
        most = own[-1] / by if self.is_saturated else np.inf
        off: NDArray[np.float64] = np.maximum(np.minimum(low, most) - own / by, own / by - high).max(axis=1)
        return off / _width(self.seen.pooled)

    def shape_outside(self) -> float:
        """Return how far its quartiles lie outside those seen, as shares of its own range."""
        own, low, high = (np.array(one.shape) for one in (self.own, self.seen.lowest, self.seen.highest))
        return float(np.maximum(low - own, own - high).max())

    def is_beyond(self, measure: Callable[[Figures], float], times: float) -> bool:
        """Whether it has so many times as much of something as all that was seen, or as little."""
        own, low, high = (measure(one) for one in (self.own, self.seen.lowest, self.seen.highest))
        return own > times * high or own * times < low

    @property
    def is_saturated(self) -> bool:
        """Whether one pixel in a hundred has the highest value that there can be."""
        return self.own.quantiles[-2] == self.own.quantiles[-1] and self.own.quantiles[-1] in ENDS

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it: a piece of background."""
        own, low, high = (one.quantiles for one in (self.own, self.seen.lowest, self.seen.highest))
        return low[1] <= own[1] and own[-2] <= high[-2] and _width(self.own) < BLANK * _width(self.seen.pooled)


def _width(figures: Figures) -> float:
    return max(figures.quantiles[-2] - figures.quantiles[1], TINY)
