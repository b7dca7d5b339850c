"""What all images of a project have in common: superpixels of one kind, channels and axes, classes with colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.image import Image
from terrazzo.lattice import spacing
from terrazzo.palette import is_colour
from terrazzo.project.project_file import ProjectFile
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters


def on_axes(superpixels: SuperpixelParameters, axes: int) -> SuperpixelParameters:
    """Return superpixels with a size per axis, where one number was given for any."""
    sizes = set(superpixels.size)
    return replace(superpixels, size=spacing(sizes.pop() if len(sizes) == 1 else superpixels.size, axes))


def fitting(known: ProjectFile, image: Image) -> SuperpixelParameters:
    """Return the superpixels of a project with an image that is new; the first image says how many axes there are.

    Raises
    ------
    InputError
        If the image has other axes or channels than those that are there.
    """
    channels, axes = len(image.channels), len(image.extent)
    if not known.channels:
        return on_axes(known.superpixels, axes)
    there = known.channels, len(known.superpixels.size)
    if (channels, axes) != there:
        raise InputError(
            f"'{image.path}' has {channels} channels and {axes} axes, and the images of the project have {there[0]} "
            f"and {there[1]}; put it into a project of its own"
        )
    return known.superpixels


def coloured(classes: Sequence[str] | Mapping[str, str]) -> dict[str, str | None]:
    """Return names of classes, each with its colour if it has one; a ParameterError if that is none."""
    if not isinstance(classes, Mapping):
        return dict.fromkeys(classes)
    wrong = [colour for colour in classes.values() if not is_colour(colour)]
    if wrong:
        raise ParameterError(f"a class has the colour {wrong[0]!r}; give #rrggbb, such as #ff0000")
    return dict(classes)
