"""Images with annotations as a fit of superpixels takes them: checked, cut into blocks, near what is annotated."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage, annotated_image, check_extent
from terrazzo.blockwise.inputs.image_array import ImageLike, axes_of, axis_names
from terrazzo.blockwise.inputs.masks import MaskLike
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.failures import about
from terrazzo.lattice import spacing
from terrazzo.models.messages.settings import FITTED_SIZE
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.regions.statistics.features import FeatureSet
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.training.rules.annotated_inputs import AnnotatedInputs, annotated_inputs, path_of, refuse_one_class
from terrazzo.training.rules.named_classes import ClassNames
from terrazzo.training.rules.seen_intensities import seen_intensities
from terrazzo.training.rules.split_sources import readable_inputs

# What the system says where a disk, or somebody's share of it, is full.
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, eq=False)
class AnnotatedImages:
    """What a model on superpixels is fitted on.

    Parameters
    ----------
    inputs : AnnotatedInputs
    recipe : Recipe
        How images become superpixels.
    annotated : list of AnnotatedImage
        Each with the blocks that are near annotated pixels.
    seen : Distribution or None
        The intensities of all images.
    """

    inputs: AnnotatedInputs
    recipe: Recipe
    annotated: list[AnnotatedImage]
    seen: Distribution | None


def annotated_images(
    images: Sequence[ImageLike],
    annotations: Sequence[ImageLike],
    masks: Sequence[MaskLike | None] | None,
    *,
    class_names: ClassNames | None,
    size: int | Sequence[int] | None,
    superpixels: SuperpixelParameters | None,
    features: FeatureSet,
    block: int | None,
    reach: int,
) -> AnnotatedImages:
    """Return images and annotations checked against each other, cut into blocks; the annotation is read.

    Parameters
    ----------
    images, annotations, masks, class_names, size, superpixels, features
        As for `fit`.
    block : int, optional
        About how many pixels wide the blocks are.
    reach : int
        Blocks that own no cell within so many cells of an annotated pixel are left out.
    """
    given = superpixels.size if size is None and superpixels is not None else size
    inputs = annotated_inputs(images, annotations, class_names, None if given is None else axes_of(given))
    inside = _checked_masks(masks, len(images))
    recipe = Recipe(inputs.channels, _superpixels(size, superpixels, inputs.axes), features)
    annotated: list[AnnotatedImage] = []
    pairs = zip(images, annotations, inputs.pixels, inputs.planes, inside, strict=True)
    for image, annotation, array, plane, mask in pairs:
        with about(path_of(annotation)):
            check_extent(plane, array.shape[1:])
        with about(path := path_of(image)):
            whole = annotated_image(array, plane, recipe=recipe, classes=inputs.classes, mask=mask, block=block)
        with about(path_of(annotation)):  # which alone is read
            annotated.append(replace(whole, path=path).read_from(image, annotation).near_annotation(reach))
    counts = [one.counts for one in annotated if one.counts is not None]
    if len(counts) == len(annotated):
        # before superpixels are made of anything
        refuse_one_class(np.sum(counts, axis=0), inputs.class_names, drawn=inputs.drawn)
    seen = seen_intensities(images, readable_inputs(inputs)[0], [one.mask for one in annotated])
    return AnnotatedImages(inputs, recipe, annotated, seen)


@contextmanager
def scratch_folder(parent: str | Path | None) -> Iterator[Path]:
    """Make a folder for graphs and tables, inside another one if that is named, and remove it in the end."""
    made: Path | None = None
    try:
        with tempfile.TemporaryDirectory(prefix="terrazzo-", dir=parent) as folder:
            made = Path(folder)
            yield made
    except OSError as error:
        if made is not None and error.errno not in FULL:
            raise
        where, reason = made or parent or "the system's temporary folder", error.strerror or error
        raise InputError(f"graphs cannot be written to '{where}': {reason}; choose another scratch folder") from error


def _checked_masks(masks: Sequence[MaskLike | None] | None, images: int) -> Sequence[MaskLike | None]:
    if masks is not None and (not isinstance(masks, list | tuple) or len(masks) != images):
        raise ParameterError("masks must be a list with one mask, or None, for each image")
    return [None] * images if masks is None else masks


def _superpixels(
    size: int | Sequence[int] | None, superpixels: SuperpixelParameters | None, axes: int
) -> SuperpixelParameters:
    """Return the superpixels that are asked for, on so many axes."""
    if superpixels is None:
        return SuperpixelParameters(spacing(FITTED_SIZE if size is None else size, axes))
    if size is not None and spacing(size, axes) != superpixels.size:
        raise ParameterError(
            f"size is {size} and the superpixels' own is {superpixels.size}; leave one of them out, or make them equal"
        )
    if len(superpixels.size) != axes:
        raise ParameterError(
            f"the superpixels' size is {superpixels.size} and the images have {axes} axes {axis_names(axes)}; give one "
            "size per axis"
        )
    return superpixels
