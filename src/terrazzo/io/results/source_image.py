"""The image that a result was made from, opened again."""

from __future__ import annotations

from terrazzo.arguments import A_RESULT, require
from terrazzo.errors import InputError
from terrazzo.io.images.image import Image
from terrazzo.io.images.open_image import open_image
from terrazzo.io.readers.selection import Selected
from terrazzo.io.results.result import Result


def source_image(result: Result) -> Image:
    """Open the image that a result was made from, at its level and its time.

    Raises
    ------
    InputError
        If it is no longer there, or has another extent.
    """
    require(result, Result, *A_RESULT)
    made_from = result.run["made_from"]
    parts = (Selected(*part) for part in made_from.get("selected", ()))
    select = {part.axis: slice(part.start, part.stop) for part in parts}
    advice = f"give the image of '{result.path}' by its path"
    try:
        image = open_image(made_from["image"], level=made_from["level"], axes=made_from["axes"], select=select or None)
    except InputError as error:
        raise InputError(f"{str(error).rstrip('.')}; {advice}") from error
    check_same_extent(image, result)
    return image


def check_same_extent(image: Image, result: Result) -> None:
    """Raise an InputError if an image has not the extent of a result."""
    if image.extent != result.grid.lattice.shape:
        raise InputError(
            f"the image has {image.extent} pixels {tuple(image.axes)} and the result {result.grid.lattice.shape}; "
            "give the image and the level that it was made from"
        )
