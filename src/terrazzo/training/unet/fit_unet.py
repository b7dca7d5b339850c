"""Fit a U-Net on images with annotations."""

from __future__ import annotations

import time
from collections.abc import Sequence

from terrazzo.blockwise.inputs.image_array import ImageLike
from terrazzo.errors import ParameterError
from terrazzo.models.device import choose_device
from terrazzo.models.unet.description import UNetDescription
from terrazzo.models.unet.model import UNetModel
from terrazzo.models.unet.settings import UNetSettings
from terrazzo.progress import shows_progress
from terrazzo.settings import answers
from terrazzo.training.rules.annotated_inputs import annotated_inputs, path_of
from terrazzo.training.rules.named_classes import ClassNames
from terrazzo.training.rules.optimise import figures_of
from terrazzo.training.rules.patch_source import held
from terrazzo.training.rules.seen_intensities import seen_intensities
from terrazzo.training.rules.split_sources import readable_inputs, split_sources
from terrazzo.training.rules.training import UNetTraining
from terrazzo.training.unet.train_unet import train_unet

PATCH = {2: 128, 3: 64}
"""The default side of a patch in pixels, of images and of volumes: more steps gain more than a wider view."""


@shows_progress
@answers(network=UNetSettings, training=UNetTraining)
def fit_unet(
    images: Sequence[ImageLike],
    annotations: Sequence[ImageLike],
    *,
    axes: int | None = None,
    class_names: ClassNames | None = None,
    network: UNetSettings | UNetDescription = UNetSettings(),
    training: UNetTraining = UNetTraining(),
) -> UNetModel:
    """Train a U-Net on patches of annotated images.

    Patches are read while the network learns, drawn by annotated area, turned, mirrored and changed a little in
    intensity; no more than 256 MiB of images are held. What is held out for validation, and when training stops,
    follows the rules of `fit`: whole images of five or more (for a fifth), else blocks with a gap around them.

    Parameters
    ----------
    images : sequence of Image or array, each (y, x), (c, y, x) or (c, z, y, x)
        Images, or volumes, with the same number of channels.
    annotations : sequence of Image or array of whole numbers, each (y, x) or (z, y, x)
        The class of each pixel of the image in the same place; 255 is not annotated.
    axes : int, optional
        3 if arrays with three axes are volumes (z, y, x).
    class_names : sequence of str, or mapping of str to str, optional
        One name per class, or a colour `#rrggbb` for each name; without names there are as many classes as the
        annotations hold.
    network : UNetSettings or UNetDescription
        The shape of the network; a description says every convolution.
    training : UNetTraining
        How long, how fast, on what and where it is trained.

    Returns
    -------
    UNetModel

    Raises
    ------
    InputError
        If an image and its annotation do not fit, images have different axes or channels, or a pixel is NaN or
        infinite.
    ParameterError
        If a parameter is out of range, the annotation cannot be learned from, or a batch is too large for the GPU.
    """
    started = time.monotonic()
    inputs = annotated_inputs(images, annotations, class_names, axes)
    description = _description(network, inputs.channels, inputs.classes, inputs.axes)
    side = patch_shape(description, [array.shape[1:] for array in inputs.pixels], training.patch)
    choose_device(training.device)
    pixels, truths = readable_inputs(inputs)
    near = held([*pixels, *truths])
    pixels, truths = near[: len(pixels)], near[len(pixels) :]
    seen = seen_intensities(images, pixels)
    sources = split_sources(
        pixels,
        truths,
        inputs.classes,
        validation=training.validation,
        seed=training.seed,
        class_names=inputs.class_names,
        drawn=inputs.drawn,
        paths=[path_of(annotation) for annotation in annotations],
    )
    began = time.perf_counter()
    fitted = train_unet(description, sources, side, training, began=started)
    figures = figures_of(fitted.history, fitted.steps, time.perf_counter() - began)
    pixel_size, pixel_unit = inputs.pixel_size
    named = inputs.class_names, inputs.colours
    return UNetModel(fitted.network, fitted.mean, fitted.spread, *named, pixel_size, figures, pixel_unit, seen)


def _description(network: UNetSettings | UNetDescription, channels: int, classes: int, axes: int) -> UNetDescription:
    """Return the network of images with so many channels, classes and axes; a description has to be of such images."""
    if isinstance(network, UNetSettings):
        return network.description(channels, classes, axes)
    own, wanted = (network.inputs, network.classes, network.axes), (channels, classes, axes)
    if own != wanted:
        raise ParameterError(
            "the description of a U-Net has {} channels, {} classes and {} axes, and what it is to learn has {}, {} "
            "and {}; they must be equal".format(*own, *wanted)
        )
    return network


def patch_shape(
    description: UNetDescription, extents: Sequence[tuple[int, ...]], patch: int | Sequence[int] | None = None
) -> tuple[int, ...]:
    """Return the shape of a patch: as asked, or the default, but no more than the images have in whole strides.

    Raises
    ------
    ParameterError
        If it is not made of positive multiples of the stride.
    """
    stride, axes = description.stride, description.axes
    if patch is None:
        largest = [max(lengths) for lengths in zip(*extents, strict=True)]
        least = (min(PATCH[axes], length) for length in largest)
        return tuple(-(-length // step) * step for length, step in zip(least, stride, strict=True))
    given = (patch,) * axes if isinstance(patch, int) else tuple(patch)
    if len(given) != axes or any(side < 1 or side % step for side, step in zip(given, stride, strict=True)):
        raise ParameterError(
            f"patch is {patch}; it must be a positive multiple of the network's stride {stride}, or one per axis"
        )
    return given
