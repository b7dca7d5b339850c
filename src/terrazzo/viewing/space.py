"""How large the pixels of the finest level are, in a unit that neuroglancer knows."""

from __future__ import annotations

from dataclasses import dataclass

from terrazzo.io.images.image import Image
from terrazzo.pixel_size import METRES


@dataclass(frozen=True)
class Space:
    """Where things are on the page.

    Parameters
    ----------
    axes : str
        "yx" or "zyx".
    extent : tuple of int
        Of the finest level along these axes, in pixels.
    size : tuple of float
        Of one of its pixels, in `unit`; 1 if it is not known.
    unit : str or None
        "meter", or None if sizes are plain numbers.
    """

    axes: str
    extent: tuple[int, ...]
    size: tuple[float, ...]
    unit: str | None

    def fit(self) -> dict[str, float]:
        """Return how far what is shown reaches across and down, in smallest pixels; a volume is in 4 parts."""
        reach = [length * size / min(self.size) for length, size in zip(self.extent, self.size, strict=True)]
        if len(reach) == 2:
            return {"x": reach[1], "y": reach[0]}
        return {"x": 2 * max(reach), "y": 2 * max(reach)}

    @classmethod
    def of(cls, image: Image) -> Space:
        """Return the space of an image at the level that is open; a unit that is no length is left out."""
        size = image.pixel_size or (1.0,) * len(image.axes)
        if image.pixel_unit not in METRES:
            return cls(image.axes, image.extent, size, None)
        metres = tuple(float(f"{length * METRES[image.pixel_unit]:.12g}") for length in size)
        return cls(image.axes, image.extent, metres, "meter")
