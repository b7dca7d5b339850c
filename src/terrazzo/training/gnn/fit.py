"""Fit a model on images with annotations: the way from files to a model in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage, annotated_image
from terrazzo.blockwise.inputs.image_array import ImageLike, axes_of, axis_names
from terrazzo.blockwise.inputs.masks import MaskLike
from terrazzo.errors import ParameterError
from terrazzo.io.failures import about
from terrazzo.io.images.image import Image
from terrazzo.lattice import spacing
from terrazzo.models.device import choose_device
from terrazzo.models.gnn.classify_block import cells_needed
from terrazzo.models.gnn.model import Model
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.features import DEFAULT_FEATURES, FeatureSet
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.settings import answers
from terrazzo.training.gnn.fit_annotated import fit_annotated
from terrazzo.training.gnn.fit_gnn import as_model
from terrazzo.training.gnn.settings import GNNTraining
from terrazzo.training.rules.annotated_inputs import annotated_inputs
from terrazzo.training.rules.named_classes import ClassNames


@answers(superpixels=SuperpixelParameters, network=GNNSettings, training=GNNTraining)
def fit(
    images: Sequence[ImageLike],
    annotations: Sequence[ImageLike],
    *,
    size: int | Sequence[int] | None = None,
    masks: Sequence[MaskLike | None] | None = None,
    class_names: ClassNames | None = None,
    superpixels: SuperpixelParameters | None = None,
    features: FeatureSet = DEFAULT_FEATURES,
    network: GNNSettings = GNNSettings(),
    training: GNNTraining = GNNTraining(),
) -> Model:
    """Build the region graph of each image and train a graph neural network on them.

    Only blocks near annotated pixels are computed. Their graphs are held in memory, or stream from disk in batches.

    Parameters
    ----------
    images : sequence of Image or array, each (y, x), (c, y, x) or (c, z, y, x)
        Images, or volumes, with the same number of channels. With three sizes an array with three axes is (z, y, x).
    annotations : sequence of Image or array of whole numbers, each (y, x) or (z, y, x)
        The class of each pixel of the image in the same place; 255 is not annotated.
    size : int or sequence of int, optional
        The spacing of superpixels in pixels, for all axes or for each: 16, unless `superpixels` say it.
    masks : sequence, optional
        For each image a mask as for `superpixels`, or None. Annotated pixels outside count for nothing.
    class_names : sequence of str, or mapping of str to str, optional
        One name per class, or a colour `#rrggbb` for each name; by default those of the annotations, such as QuPath's,
        and without names there are as many classes as the annotations hold.
    superpixels : SuperpixelParameters, optional
        All that decides the superpixels; it goes with the model.
    features : tuple of Statistic
        What is measured on each superpixel.
    network : GNNSettings
        The shape of the network.
    training : GNNTraining
        How long, how fast, on what and where it is trained, and whether graphs stream.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        If an image, its annotation and its mask do not fit, images have different axes or channels, or the scratch
        folder cannot be written.
    ParameterError
        If a parameter is out of range, or the annotation cannot be learned from.

    Examples
    --------
    >>> import terrazzo as tz
    >>> quick = tz.GNNTraining(epochs=30, seed=1)
    >>> model = tz.fit(images, annotations, size=8, training=quick)  # doctest: +SKIP
    """
    given = superpixels.size if size is None and superpixels is not None else size
    inputs = annotated_inputs(images, annotations, class_names, None if given is None else axes_of(given))
    inside = _checked_masks(masks, len(images))
    choose_device(training.device)
    recipe = Recipe(inputs.channels, _superpixels(size, superpixels, inputs.axes), features)
    annotated: list[AnnotatedImage] = []
    for image, array, plane, mask in zip(images, inputs.pixels, inputs.planes, inside, strict=True):
        with about(path := image.path if isinstance(image, Image) else ""):
            whole = annotated_image(
                array, plane, recipe=recipe, classes=inputs.classes, mask=mask, block=training.block
            )
            annotated.append(replace(whole, path=path).near_annotation(cells_needed(network.layers)))
    fitted, seconds = fit_annotated(annotated, network, training)
    return as_model(fitted, recipe, inputs.class_names, inputs.colours, *inputs.pixel_size, seconds)


def _checked_masks(masks: Sequence[MaskLike | None] | None, images: int) -> Sequence[MaskLike | None]:
    if masks is not None and (not isinstance(masks, list | tuple) or len(masks) != images):
        raise ParameterError("masks must be a list with one mask, or None, for each image")
    return [None] * images if masks is None else masks


def _superpixels(
    size: int | Sequence[int] | None, superpixels: SuperpixelParameters | None, axes: int
) -> SuperpixelParameters:
    """Return the superpixels that are asked for, on so many axes."""
    if superpixels is None:
        return SuperpixelParameters(spacing(SuperpixelParameters.size[0] if size is None else size, axes))
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
