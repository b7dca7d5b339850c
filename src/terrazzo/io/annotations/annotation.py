"""An annotation on disk: an image of classes that may know their names."""

from __future__ import annotations

from dataclasses import dataclass

from terrazzo.io.images.image import Image


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
