"""From the ids of a label image, whichever they are, to regions counted from 0."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def dense_index(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Return the labels that occur and the region of each pixel.

    Parameters
    ----------
    labels : ndarray of int, any shape
        A label per pixel; 0 is none.

    Returns
    -------
    ids : ndarray of the labels' dtype, shape (N,)
        The labels that occur, 0 apart, ascending.
    index : ndarray of int32, the shape of `labels`
        The place of each pixel's label in `ids`; -1 is none.
    """
    flat = labels.ravel()
    if flat.size == 0:
        return flat, np.empty(labels.shape, np.int32)
    # runs of one label are numbered, not pixels: there are far fewer to sort
    starts = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))
    ids, place = np.unique(flat[starts], return_inverse=True)
    none = np.searchsorted(ids, 0)
    if none < ids.size and ids[none] == 0:
        place = np.where(place == none, -1, place - (place > none))
        ids = np.delete(ids, none)
    index = np.repeat(place.astype(np.int32), np.diff(starts, append=flat.size))
    return ids, index.reshape(labels.shape)
