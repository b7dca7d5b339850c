"""Label images that count classes from 1, as paint tools and napari do: 0 is not annotated."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import InputError
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.regions.classes.annotation import NOT_ANNOTATED


@dataclass(frozen=True)
class CountedFromOne(StoredArray):
    """A handle on a label image whose values are read one lower, and 0 as 255; of uint8.

    Attributes
    ----------
    source : StoredArray
        The label image as it is.
    """

    source: StoredArray

    @classmethod
    def of(cls, source: StoredArray) -> CountedFromOne:
        """Return a label image with its values so."""
        same = {field.name: getattr(source, field.name) for field in fields(StoredArray)}
        return cls(**(same | {"dtype": np.dtype(np.uint8)}), source=source)

    def _read(self, windows: tuple[slice, ...], shape: tuple[int, ...]) -> NDArray[Any]:
        found = self.source[windows]
        if found.min() < 0 or found.max() > NOT_ANNOTATED:
            value = found.min() if found.min() < 0 else found.max()
            raise InputError(
                f"'{self.path}' holds the value {value}; where 0 is not annotated, classes are 1 to {NOT_ANNOTATED}"
            )
        return np.where(found == 0, NOT_ANNOTATED, found.astype(np.int64) - 1).astype(np.uint8).reshape(shape)
