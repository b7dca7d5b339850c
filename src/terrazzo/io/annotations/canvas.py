"""The image that shapes were drawn on, as their file may know it."""

from __future__ import annotations

from dataclasses import dataclass

from terrazzo.errors import InputError


@dataclass(frozen=True)
class Canvas:
    """What is known of an image that shapes are drawn on.

    Parameters
    ----------
    name : str
        Of its file, without folders; empty of an array.
    extent : tuple of int
        (y, x) in pixels of the full resolution.
    channels : int
    """

    name: str
    extent: tuple[int, ...]
    channels: int

    def check_size(self, width: object, height: object) -> None:
        """Raise an InputError if a file says that its shapes are on an image of another size.

        What is no whole number says nothing.
        """
        said = (height, width)
        if all(isinstance(length, int) and not isinstance(length, bool) for length in said) and said != self.extent:
            raise InputError(
                f"its shapes are drawn on an image of {width} x {height} pixels and this one is "
                f"{self.extent[1]} x {self.extent[0]}; give the image that it was drawn on"
            )
