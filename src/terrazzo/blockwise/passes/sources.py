"""What passes read besides what earlier ones gave: an image, its mask, an annotation, numbers estimated once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from terrazzo.blockwise.inputs.masks import Mask
from terrazzo.blockwise.inputs.windows import Readable, Windowed
from terrazzo.models.passes.declared import IMAGE


@dataclass(frozen=True, eq=False)
class Sources:
    """What is there before the first pass.

    Parameters
    ----------
    image : StoredArray, dask.array.Array or ndarray, shape (c, y, x) or (c, z, y, x)
    mask : dask.array.Array of bool, function, or None
        Which pixels count.
    annotation : the same as image, shape (y, x) or (z, y, x), or None
        The class of each pixel; 255 is not annotated.
    estimates : mapping of str to float
        What was estimated of the whole image, by name.
    path : str
        The image's file, for messages; empty if there is none.
    """

    image: Readable
    mask: Mask = None
    annotation: Readable | Windowed | None = None
    estimates: Mapping[str, float] = field(default_factory=dict)
    path: str = ""

    def of(self, name: str) -> Readable | Windowed:
        """Return the image or the annotation."""
        found = self.image if name == IMAGE else self.annotation
        if found is None:
            raise LookupError(f"a pass reads the {name}, and there is none")
        return found
