"""How far exposures are altered where images tell by how much they differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from terrazzo.regions.graphs.scaling import FeatureMoments

LEAST_ALTERED, DEVIATIONS = 0.1, 2.0
"""The share of the usual alteration that stays where images look alike, and deviations between images for all of it."""


def altered_share(images: Sequence[Iterable[NDArray[np.float32]]], contrast: float, brightness: float) -> float:
    """Return what share of the usual alterations of contrast and brightness suits a few strokes on some images.

    It follows from what the images differ by: where all look alike, to tell classes by few pixels is worth more than
    to bear an exposure that none of the images has. One image tells nothing, and then it is all.

    Parameters
    ----------
    images : sequence of iterable of ndarray, shape (N, channels)
        Intensities of the superpixels of each, in parts.
    contrast, brightness : float
        As in `LatticeTraining`.
    """
    moments = (reduce(add, map(FeatureMoments.of, parts)) for parts in images)
    own = [one for one in moments if one.count.size and one.count.all()]
    if len(own) < 2:
        return 1.0
    means = np.stack([one.mean for one in own])
    spreads = np.stack([np.sqrt(one.squares / np.maximum(one.count, 1)) for one in own])
    unit = np.maximum(np.sqrt(np.square(spreads).mean(axis=0)), np.finfo(np.float32).tiny)
    moved = np.std(means / unit, axis=0, ddof=1).max()
    multiplied = np.std(np.log(np.maximum(spreads / unit, np.finfo(np.float32).tiny)), axis=0, ddof=1).max()
    # a deviation of few images is uncertain
    seen = DEVIATIONS * (1 + 2 / (len(own) - 1))
    shares = [seen * by / usual for by, usual in ((moved, brightness), (multiplied, contrast)) if usual > 0]
    return float(np.clip(max(shares, default=1.0), LEAST_ALTERED, 1))
