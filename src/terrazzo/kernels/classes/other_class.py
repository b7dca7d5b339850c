"""How far is a pixel from the nearest one of another class?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.jit import kernel

FAR = 2**30
"""A column that there is none at."""


@kernel
def other_class(classes: NDArray[np.uint8], none: int, reach: int) -> NDArray[np.int32]:
    """Return the squared distance of each pixel to the nearest one of another class in its section.

    Parameters
    ----------
    classes : ndarray of uint8, shape (z, y, x)
    none : int
        The value of pixels without a class: nobody is near to these, and they are near to nobody.
    reach : int
        The farthest distance along an axis that is looked at.

    Returns
    -------
    ndarray of int32, shape (z, y, x)
        `reach**2 + 1` where no pixel of another class is within `reach`.
    """
    sections, rows, columns = classes.shape
    found = np.full(classes.shape, reach * reach + 1, np.int32)
    # of each row the nearest classified column before and after, and the nearest one of yet another class than that
    nearest = np.empty((rows, columns, 4), np.int32)
    for z in range(sections):
        section = classes[z]
        for y in range(rows):
            _sweep(section[y], none, nearest[y, :, 0], nearest[y, :, 1], 0, 1)
            _sweep(section[y], none, nearest[y, :, 2], nearest[y, :, 3], columns - 1, -1)
        for y in range(rows):
            for x in range(columns):
                own = section[y, x]
                if own == none:
                    continue
                best = found[z, y, x]
                for away in range(reach + 1):
                    if away * away >= best:
                        break
                    for row in (y - away, y + away):
                        if 0 <= row < rows:
                            for side in (0, 2):
                                at = nearest[row, x, side]
                                if at < FAR and section[row, at] == own:
                                    at = nearest[row, x, side + 1]
                                if abs(at - x) <= reach:
                                    best = min(best, away * away + (at - x) * (at - x))
                found[z, y, x] = best
    return found


@kernel
def _sweep(
    row: NDArray[np.uint8], none: int, first: NDArray[np.int32], other: NDArray[np.int32], start: int, step: int
) -> None:
    """Fill in the last classified column on the way, the pixel itself among them, and the last of another class."""
    last, before = FAR, FAR
    for count in range(len(row)):
        x = start + step * count
        if row[x] != none:
            if last < FAR and row[x] != row[last]:
                before = last
            last = x
        first[x], other[x] = last, before
