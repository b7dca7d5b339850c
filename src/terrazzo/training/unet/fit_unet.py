"""Fit a U-Net on images with annotations."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import dask.array as da
import numpy as np

from terrazzo.blockwise.inputs.annotated_tiles import annotated_tiles, split_grid
from terrazzo.blockwise.inputs.image_array import ImageLike, axis_names, image_array
from terrazzo.blockwise.inputs.windows import Readable
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.image import Image
from terrazzo.models.device import choose_device
from terrazzo.models.unet.description import PerAxis, UNetDescription, unet_description
from terrazzo.models.unet.model import UNetModel
from terrazzo.training.rules.annotated_inputs import (
    check_lists,
    class_plane,
    common_axes,
    common_pixel_size,
    count_classes,
)
from terrazzo.training.rules.annotated_pixels import check_annotation, pixels_of
from terrazzo.training.rules.losses import ClassWeighting
from terrazzo.training.rules.named_classes import annotated_colours, chosen_colours, chosen_names, named_classes
from terrazzo.training.rules.optimise import Epoch, Schedule, figures_of
from terrazzo.training.rules.split_blocks import split_blocks
from terrazzo.training.rules.splits import Validation
from terrazzo.training.unet.held_images import held
from terrazzo.training.unet.patch_source import PatchSource
from terrazzo.training.unet.train_unet import train_unet

PATCH = {2: 256, 3: 64}
"""The default side of a patch in pixels, of images and of volumes."""

BATCH = 8


def fit_unet(
    images: Sequence[ImageLike],
    annotations: Sequence[ImageLike],
    *,
    class_names: Sequence[str] | None = None,
    colours: Sequence[str] | None = None,
    base: int = 16,
    depth: int = 4,
    convolutions: int = 2,
    kernels: PerAxis | Sequence[PerAxis] = 3,
    pools: PerAxis | Sequence[PerAxis] = 2,
    dropout: float = 0.0,
    axes: int | None = None,
    patch: int | Sequence[int] | None = None,
    batch: int = BATCH,
    epochs: int = 200,
    seconds: float | None = None,
    patience: int = 40,
    learning_rate: float = 3e-3,
    weight_decay: float = 1e-2,
    weighting: ClassWeighting = None,
    validation: Validation = 0.2,
    seed: int = 0,
    device: str = "auto",
    progress: Callable[[Epoch], None] | None = None,
) -> UNetModel:
    """Train a U-Net on patches of annotated images.

    Patches are read while the network learns, drawn by annotated area, turned, mirrored and changed a little in
    intensity; no more than 256 MiB of images are held. What is held out for validation, and when training stops,
    follows the rules of `fit`: whole images where three or more allow it, otherwise blocks with a gap around them.

    Parameters
    ----------
    images : sequence of Image or array, each (y, x), (c, y, x) or (c, z, y, x)
        Images, or volumes, with the same number of channels.
    annotations : sequence of Image or array of whole numbers, each (y, x) or (z, y, x)
        The class of each pixel of the image in the same place; 255 is not annotated.
    class_names, colours : sequence of str, optional
        One per class; without names there are as many classes as the annotations hold.
    base : int
        Channels at the image's resolution; 64 is the original size.
    depth : int
        How often the resolution falls.
    convolutions : int
        At each resolution, on the way down and up.
    kernels, pools : int, or per level an int or one int per axis
        See `unet_description`: of sections that lie far apart, say `kernels=[(1, 3, 3), 3, 3]` and
        `pools=[(1, 2, 2), 2]` with a depth of 2.
    dropout : float
        Share dropped after each level in training.
    axes : int, optional
        3 if arrays with three axes are volumes (z, y, x).
    patch : int or sequence of int, optional
        Side of a patch in pixels, a multiple of the network's stride; by default 256, in volumes 64, or what the
        images have if that is less.
    batch : int
        Patches in one step.
    epochs, patience, learning_rate, weight_decay, seconds
        See `Schedule`. An epoch sees about as many pixels as are annotated, in 8 to 100 steps. Seconds count what comes
        before training as well.
    weighting : {"balanced", None}
        See `class_weights`.
    validation : float or sequence of int
        Share of the annotated pixels to hold out, about; or the numbers of the images to hold out.
    seed : int
        Of the split, the first weights, dropout and the patches; torch's own state stays as it was.
    device : str
        "auto", "cpu", "cuda" or "cuda:0". A GPU that has bfloat16 computes in it.
    progress : callable, optional
        Called with each `Epoch`.

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
    check_lists(images, annotations)
    started = time.monotonic()
    pixels = [image_array(image, axes) for image in images]
    axes, channels = common_axes(pixels)
    planes = [class_plane(annotation, axes) for annotation in annotations]
    schedule = Schedule(epochs, patience, learning_rate, weight_decay, seconds)
    named = named_classes(annotations, class_names)
    classes = len(named) if named is not None else count_classes(planes)
    names = chosen_names(named, classes)
    palette = chosen_colours(colours or annotated_colours(annotations, classes), classes)
    shape = {"axes": axes, "base": base, "depth": depth, "convolutions": convolutions}
    description = unet_description(channels, classes, **shape, kernels=kernels, pools=pools, dropout=dropout)
    side = patch_shape(description, [array.shape[1:] for array in pixels], patch)
    choose_device(device)
    seen, truths = map(_readable, images, pixels), map(_readable, annotations, (plane[None] for plane in planes))
    near = held([*seen, *truths])
    sources = split_sources(near[: len(pixels)], near[len(pixels) :], classes, validation=validation, seed=seed)
    began = time.perf_counter()
    rules: dict[str, Any] = {"weighting": weighting, "seed": seed, "device": device}
    fitted = train_unet(description, sources, side, batch, schedule, began=started, progress=progress, **rules)
    figures = figures_of(fitted.history, time.perf_counter() - began)
    scaling = fitted.mean, fitted.spread
    pixel_size, pixel_unit = common_pixel_size(images)
    return UNetModel(fitted.network, *scaling, names, palette, pixel_size, figures, pixel_unit)


def split_sources(
    pixels: Sequence[Readable], truths: Sequence[Readable], classes: int, *, validation: Validation = 0.2, seed: int = 0
) -> list[PatchSource]:
    """Return annotated images with what of each is held out, by the rules of `split_blocks`; annotations are read.

    Parameters
    ----------
    pixels : sequence of Readable, each (c, y, x) or (c, z, y, x)
    truths : sequence of Readable of whole numbers, each (1, y, x) or (1, z, y, x)
    classes : int
    validation : float
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


def _readable(given: ImageLike, array: da.Array) -> Readable:
    """Return what windows are read from: the file or the array in memory itself, without a Dask graph for each."""
    if isinstance(given, Image):
        return given.stored
    return given.reshape(array.shape) if isinstance(given, np.ndarray) else array
