"""Rings that lie in one another, as polygons with holes: by the even-odd rule, in any order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.annotations.shape_parts import Part


def polygons_of(rings: Sequence[NDArray[np.float64]]) -> list[Part]:
    """Return polygons of rings (y, x), each in none or wholly in another.

    Raises
    ------
    InputError
        If rings cross.
    """
    areas = np.array([shapely.Polygon(ring) for ring in rings])
    try:
        within, around = shapely.STRtree(areas).query(areas, predicate="within")
    except shapely.errors.GEOSException as error:
        raise InputError("its outlines cross; draw it again") from error
    # the larger one is around, of equal ones the first
    size = shapely.area(areas)
    larger = (size[around] > size[within]) | ((size[around] == size[within]) & (around < within))
    within, around = within[larger], around[larger]
    depth = np.bincount(within, minlength=len(rings))
    parts: dict[int, list[NDArray[np.float64]]] = {}
    for number in np.argsort(depth, kind="stable").tolist():
        shells = [shell for shell in around[within == number].tolist() if depth[shell] == depth[number] - 1]
        if depth[number] % 2 and shells:
            parts[shells[0]].append(rings[number])
        else:
            parts[number] = [rings[number]]
    return [(True, part) for part in parts.values()]
