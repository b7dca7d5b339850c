"""How many pixels of each class are annotated: is it enough to learn from?"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError


def check_annotation(annotated: NDArray[np.float64]) -> None:
    """Raise a ParameterError unless pixels of two classes are annotated."""
    found = np.flatnonzero(annotated)
    if found.size == 0:
        raise ParameterError("no pixel is annotated; annotate some pixels of at least two classes")
    if found.size == 1:
        raise ParameterError(f"class {found[0]} is the only one annotated; annotate some pixels of another class")


def pixels_of(counts: Iterable[NDArray[np.unsignedinteger]]) -> NDArray[np.float64]:
    """Annotated pixels per class, over several tables of counts."""
    return np.sum([table.sum(axis=0, dtype=np.float64) for table in counts], axis=0)  # type: ignore[no-any-return]
