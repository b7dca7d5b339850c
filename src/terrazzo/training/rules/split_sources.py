"""Annotated images that windows are read from, each with what of it is held out."""

from __future__ import annotations

from collections.abc import Sequence

import dask.array as da
import numpy as np

from terrazzo.blockwise.inputs.annotated_tiles import annotated_tiles, split_grid
from terrazzo.blockwise.inputs.image_array import ImageLike, axis_names
from terrazzo.blockwise.inputs.windows import Readable
from terrazzo.errors import InputError
from terrazzo.io.images.image import Image
from terrazzo.training.rules.annotated_inputs import AnnotatedInputs
from terrazzo.training.rules.annotated_pixels import check_annotation, pixels_of
from terrazzo.training.rules.patch_source import PatchSource
from terrazzo.training.rules.split_blocks import split_blocks
from terrazzo.training.rules.training import Validation


def split_sources(
    pixels: Sequence[Readable], truths: Sequence[Readable], classes: int, *, validation: Validation = 0.2, seed: int = 0
) -> list[PatchSource]:
    """Return annotated images with what of each is held out, by the rules of `split_blocks`; annotations are read.

    Parameters
    ----------
    pixels : sequence of Readable, each (c, y, x) or (c, z, y, x)
    truths : sequence of Readable of whole numbers, each (1, y, x) or (1, z, y, x)
    classes : int
    validation : float or sequence of int
    seed : int

    Raises
    ------
    InputError
        If an image and its annotation differ in extent, or the annotation holds another value than a class and 255.
    ParameterError
        If nothing can be held out without a class leaving training, or fewer than two classes are annotated.
    """
    for image, truth in zip(pixels, truths, strict=True):
        if image.shape[1:] != truth.shape[1:]:
            axes = axis_names(len(image.shape) - 1)
            raise InputError(
                f"an annotation has {truth.shape[1:]} pixels {axes} and its image {image.shape[1:]}; they must be equal"
            )
    grids = [split_grid(image.shape[1:]) for image in pixels]
    tiles = [annotated_tiles(truth, grid, classes) for truth, grid in zip(truths, grids, strict=True)]
    check_annotation(pixels_of(table.counts for image in tiles for table in image.values()))
    held_out = split_blocks(tiles, validation=validation, seed=seed)
    return [PatchSource(*one) for one in zip(pixels, truths, grids, tiles, held_out, strict=True)]


def readable_inputs(inputs: AnnotatedInputs) -> tuple[list[Readable], list[Readable]]:
    """Return what windows of images and of annotations are read from, (c, …) and (1, …)."""
    pixels = [_readable(*pair) for pair in zip(inputs.images, inputs.pixels, strict=True)]
    truths = [_readable(given, plane[None]) for given, plane in zip(inputs.annotations, inputs.planes, strict=True)]
    return pixels, truths


def _readable(given: ImageLike, array: da.Array) -> Readable:
    """Return the file or the array in memory itself, without a Dask graph for each window."""
    if isinstance(given, Image):
        return given.stored
    return given.reshape(array.shape) if isinstance(given, np.ndarray) else array
