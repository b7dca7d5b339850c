"""An annotation on disk: an image of classes that may know their names."""

from __future__ import annotations

from dataclasses import dataclass

from terrazzo.html import of_classes, swatches, table
from terrazzo.io.images.image import Image
from terrazzo.palette import class_colours
from terrazzo.wording import lengths, listed


@dataclass(frozen=True)
class Annotation(Image):
    """A class per pixel, lazily read: an `Image` of one channel in which 255 is not annotated.

    Attributes
    ----------
    class_names : tuple of str or None
        The classes in the order of their values; None where the file does not say and nobody has.
    colours : tuple of (str or None) or None
        A colour `#rrggbb` for each class, or None where there is none.
    """

    class_names: tuple[str, ...] | None = None
    colours: tuple[str | None, ...] | None = None

    def __repr__(self) -> str:
        classes = "classes without names" if self.class_names is None else f"classes {listed(self.class_names)}"
        return f"<terrazzo.Annotation {lengths(self.extent)}, {classes}, {self.path!r}>"

    def _repr_html_(self) -> str:
        names, colours = self.class_names or (), self.colours or ()
        rows = {"Classes": swatches(names, class_colours(len(names), colours)) if names else "without names"}
        pixels = self._coarse_pixels()
        picture = None if pixels is None else of_classes(pixels[0], colours)
        return table("terrazzo.Annotation", rows | self._rows() | {"Channels": None}, picture)
