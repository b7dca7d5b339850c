"""Fit a model on images with annotations: the way from files to a model in one call."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from terrazzo.blockwise.inputs.image_array import ImageLike
from terrazzo.blockwise.inputs.masks import MaskLike
from terrazzo.blockwise.inputs.model_image import model_image, say_pixel_size
from terrazzo.errors import ParameterError
from terrazzo.lattice import spacing
from terrazzo.models.device import choose_device
from terrazzo.models.fitted_model import FittedModel
from terrazzo.models.lattice.model import LatticeModel
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.progress import shows_progress
from terrazzo.regions.statistics.features import LATTICE_FEATURES, FeatureSet
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.settings import answers
from terrazzo.training.lattice.choose_size import chosen_superpixels
from terrazzo.training.lattice.fit_images import fit_lattice_on_images
from terrazzo.training.lattice.settings import LatticeTraining
from terrazzo.training.lattice.start import check_superpixels, checked_start, network_of, start_classes
from terrazzo.training.rules.annotated_images import annotated_images
from terrazzo.training.rules.named_classes import ClassNames, named_classes


@shows_progress
@answers(superpixels=SuperpixelParameters, network=LatticeSettings, training=LatticeTraining)
def fit(
    images: Sequence[ImageLike],
    annotations: Sequence[ImageLike],
    *,
    size: int | Sequence[int] | Literal["auto"] | None = None,
    masks: Sequence[MaskLike | None] | None = None,
    class_names: ClassNames | None = None,
    superpixels: SuperpixelParameters | None = None,
    features: FeatureSet = LATTICE_FEATURES,
    network: LatticeSettings | None = None,
    training: LatticeTraining = LatticeTraining(),
    start: FittedModel | None = None,
) -> LatticeModel:
    """Measure the superpixels of each image and train a lattice network on them.

    Superpixels hear their neighbours by direction, and pixels decide. Only blocks near annotated pixels are computed.

    Parameters
    ----------
    images : sequence of Image or array, each (y, x), (c, y, x) or (c, z, y, x)
        Images, or volumes, with the same number of channels. With three sizes an array with three axes is (z, y, x).
    annotations : sequence of Image or array of whole numbers, each (y, x) or (z, y, x)
        The class of each pixel of the image in the same place; 255 is not annotated.
    size : int, sequence of int or "auto", optional
        The spacing of superpixels in pixels, for all axes or for each: 8, unless `superpixels` say it. "auto" takes
        the largest of 8, 12 and 16 that is as good as any in short fits on a sample of what is annotated, which one
        line of the log tells; not of volumes.
    masks : sequence, optional
        For each image a mask as for `superpixels`, or None. Annotated pixels outside count for nothing.
    class_names : sequence of str, or mapping of str to str, optional
        One name per class, or a colour `#rrggbb` for each name; by default those of the annotations, such as QuPath's,
        and without names there are as many classes as the annotations hold.
    superpixels : SuperpixelParameters, optional
        All that decides the superpixels; it goes with the model.
    features : tuple of Statistic, optional
        What is measured on each superpixel.
    network : LatticeSettings, optional
        The shape of the network: the default's, or that of `start`.
    training : LatticeTraining, optional
        How long, how fast, on what and where it is trained, and whether what is measured stays on disk.
    start : LatticeModel, optional
        A fitted model whose weights and scaling training begins with, in place of random ones. Superpixels, features
        and the network's shape are its own. Classes may be others: those that it has by the same name begin as they
        are there. Where nobody names classes they are its own.

    Returns
    -------
    LatticeModel

    Raises
    ------
    InputError
        If images, annotations and masks do not fit each other, or the scratch folder cannot be written.
    ParameterError
        If a parameter is out of range or of another kind of model, the annotation cannot be learned from, or
        superpixels, features or network are asked for that are not those of `start`.
    ModelError
        If images have other axes or channels than those of `start`.

    Examples
    --------
    >>> import terrazzo as tz
    >>> quick = tz.LatticeTraining(steps=200, seed=1)
    >>> model = tz.fit(images, annotations, size=8, training=quick)  # doctest: +SKIP
    """
    began = time.monotonic()
    _check_kinds(network, training)
    choose_device(training.device)
    begun = checked_start(start)
    if begun is not None:
        network, size, superpixels = _as_start(begun, images, network, size, superpixels, features)
        class_names = class_names or start_classes(begun, named_classes(annotations, None))
    network = network or LatticeSettings()
    prepared = partial(annotated_images, features=features, block=training.block, reach=training.widest_window)
    given: dict[str, Any] = {"masks": masks, "class_names": class_names, "superpixels": superpixels}
    learned = prepared(images, annotations, size=None if size == "auto" else size, **given)
    if size == "auto":
        chosen = chosen_superpixels(learned, prepared, network, training)
        learned = prepared(images, annotations, size=None, **given | {"superpixels": chosen})
    return fit_lattice_on_images(learned, network, training, began, begun)


def _check_kinds(network: Any, training: Any) -> None:
    if not isinstance(network, LatticeSettings | None) or not isinstance(training, LatticeTraining):
        raise ParameterError(
            f"the network is a {type(network).__name__} and the training a {type(training).__name__}; on images give "
            "LatticeSettings with LatticeTraining: a network on region graphs is fitted by fit_gnn, on the graphs of "
            "annotated_graph or region_graph"
        )


def _as_start(
    start: LatticeModel,
    images: Sequence[ImageLike],
    network: LatticeSettings | None,
    size: int | Sequence[int] | Literal["auto"] | None,
    superpixels: SuperpixelParameters | None,
    features: FeatureSet,
) -> tuple[LatticeSettings, None, SuperpixelParameters]:
    """Return network, size and superpixels as they are of a model to begin with, checked against what is asked for."""
    own = start.recipe.superpixels
    asked = superpixels
    if size == "auto":
        raise ParameterError("size is 'auto' and a fit that starts from a model has its superpixels; leave size out")
    if size is not None:
        asked = replace(superpixels or own, size=spacing(size, start.axes))
    check_superpixels(start, asked, features)
    for image in images:
        model_image(start, image)
        say_pixel_size(start, image)
    return network_of(start, network), None, own
