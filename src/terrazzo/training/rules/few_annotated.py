"""Which classes have so few annotated pixels that little can be learned of them?"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from terrazzo.wording import MOST_LISTED, counted

_log = logging.getLogger(__name__)

FEW = 50
"""Annotated pixels of a class below which a fit says so."""


def say_few_annotated(annotated: NDArray[Any], class_names: Sequence[str] | None = None) -> None:
    """Log one warning that names the classes with fewer than 50 annotated pixels, if there are any.

    Parameters
    ----------
    annotated : ndarray, shape (C,)
        Annotated pixels of each class.
    class_names : sequence of str, optional
        By default "class 0", "class 1", …
    """
    names = class_names or [f"class {value}" for value in range(len(annotated))]
    pixels = zip(names, annotated.tolist(), strict=True)
    few = [f"'{name}' ({counted(int(number), 'pixel')})" for name, number in pixels if number < FEW]
    if few:
        more = f" and {len(few) - MOST_LISTED} more" if len(few) > MOST_LISTED else ""
        _log.warning(
            "fewer than %d pixels are annotated of %s%s: little can be learned of so few; annotate more",
            FEW,
            ", ".join(few[:MOST_LISTED]),
            more,
        )
