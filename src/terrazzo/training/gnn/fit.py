"""Fit a model on images with annotations: the way from files to a model in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage, annotated_image
from terrazzo.blockwise.inputs.image_array import ImageLike, axes_of, image_array
from terrazzo.blockwise.inputs.masks import MaskLike
from terrazzo.io.failures import about
from terrazzo.io.images.image import Image
from terrazzo.lattice import spacing
from terrazzo.models.gnn.classify_block import cells_needed
from terrazzo.models.gnn.model import Model
from terrazzo.models.gnn.network import GNNConfig
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.features import DEFAULT_FEATURES, FeatureSet
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.training.gnn.fit_annotated import check_streaming, fit_annotated
from terrazzo.training.gnn.fit_gnn import as_model, check_settings
from terrazzo.training.rules.annotated_inputs import (
    check_lists,
    class_plane,
    common_axes,
    common_pixel_size,
    count_classes,
)
from terrazzo.training.rules.named_classes import annotated_colours, chosen_colours, chosen_names, named_classes
from terrazzo.training.rules.optimise import Epoch


def fit(
    images: Sequence[ImageLike],
    annotations: Sequence[ImageLike],
    *,
    class_names: Sequence[str] | None = None,
    colours: Sequence[str] | None = None,
    size: int | Sequence[int] = 16,
    compactness: float = 0.45,
    iterations: int = 5,
    sigma: float = 1.0,
    scale: float | None = None,
    colour: str = "none",
    weights: Sequence[float] | None = None,
    masks: Sequence[MaskLike | None] | None = None,
    features: FeatureSet = DEFAULT_FEATURES,
    block: int | None = None,
    streaming: bool | Literal["auto"] = "auto",
    scratch: str | Path | None = None,
    graph_done: Callable[[int, int], None] | None = None,
    progress: Callable[[Epoch], None] | None = None,
    **settings: Any,
) -> Model:
    """Build the region graph of each image and train a graph neural network on them.

    Only blocks near annotated pixels are computed. Their graphs are held in memory, or stream from disk in batches.

    Parameters
    ----------
    images : sequence of Image or array, each (y, x), (c, y, x) or (c, z, y, x)
        Images, or volumes, with the same number of channels. With three sizes an array with three axes is (z, y, x).
    annotations : sequence of Image or array of whole numbers, each (y, x) or (z, y, x)
        The class of each pixel of the image in the same place; 255 is not annotated.
    class_names, colours : sequence of str, optional
        One per class; by default those of the annotations, such as QuPath's, and without names there are as many
        classes as the annotations hold.
    size, compactness, iterations, sigma, scale, colour, weights
        As for `superpixels`; they go with the model.
    masks : sequence, optional
        For each image a mask as for `superpixels`, or None. Annotated pixels outside count for nothing.
    features : tuple of Statistic
        What is measured on each superpixel.
    block : int, optional
        About how many pixels wide the blocks are that tasks work on. Where training streams, they are also what is
        held out for validation.
    streaming : bool or "auto"
        Whether graphs stay on disk and memory does not grow with the images; "auto" where the blocks near annotated
        pixels have more than `MOST_NODES_IN_MEMORY` (1 048 576) cells.
    scratch : path, optional
        An existing folder for the graphs of a streamed fit, by default the system's for temporary files. In the end
        they are removed.
    graph_done : callable, optional
        Called with `(graphs built, graphs in all)`.
    progress : callable, optional
        Called with each `Epoch`.
    **settings
        As for `train_network`: seed, epochs, patience, learning_rate, device, width, layers, ...; and seconds, the
        most that graphs and training take together: after them no further epoch starts.

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
    """
    check_lists(images, annotations, masks)
    arrays = [image_array(image, axes_of(size)) for image in images]
    axes, channels = common_axes(arrays)
    planes = [class_plane(annotation, axes) for annotation in annotations]
    named = named_classes(annotations, class_names)
    classes = len(named) if named is not None else count_classes(planes)
    names = chosen_names(named, classes)
    palette = chosen_colours(colours or annotated_colours(annotations, classes), classes)
    check_settings(settings)
    check_streaming(streaming, settings.get("split"))
    given = None if weights is None else tuple(weights)
    parameters = SuperpixelParameters(spacing(size, axes), compactness, iterations, sigma, scale, colour, given)
    recipe = Recipe(channels, parameters, features)
    layers = settings.get("layers", GNNConfig.layers)
    annotated: list[AnnotatedImage] = []
    for image, array, plane, mask in zip(images, arrays, planes, masks or [None] * len(arrays), strict=True):
        with about(path := image.path if isinstance(image, Image) else ""):
            whole = annotated_image(array, plane, recipe=recipe, classes=classes, mask=mask, block=block)
            annotated.append(replace(whole, path=path).near_annotation(cells_needed(layers)))
    fitted, seconds = fit_annotated(
        annotated, streaming=streaming, scratch=scratch, graph_done=graph_done, progress=progress, **settings
    )
    return as_model(fitted, recipe, names, palette, *common_pixel_size(images), seconds)
