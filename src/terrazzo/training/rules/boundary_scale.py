"""By what does a conditional random field scale what it knows of boundaries? By those that are learned from."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from terrazzo.models.messages.touching_pairs import boundary_columns
from terrazzo.regions.graphs.scaling import FeatureMoments, as_scale


def boundary_scale(features: Iterable[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and deviation of each of `boundary_columns`.

    Parameters
    ----------
    features : iterable of ndarray of float32, shape (E, G)
        Those of edges: of some graphs, at least one.
    """
    each = (FeatureMoments.of(boundary_columns(some)) for some in features)
    found = next(each)
    for one in each:
        found = found + one
    return as_scale(found.count, found.mean, found.squares)


def with_contrast(features: NDArray[np.float32], factor: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the features of edges of an image whose channels are multiplied by factors (channels,)."""
    altered: NDArray[np.float32] = features * np.append(np.float32(1), factor)
    return altered
