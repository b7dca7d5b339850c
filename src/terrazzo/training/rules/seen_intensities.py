"""What a model remembers of the images that it is fitted on, and whether these are alike."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import dask.array as da

from terrazzo.blockwise.inputs.estimates import INTENSITIES, estimated
from terrazzo.blockwise.inputs.image_array import ImageLike
from terrazzo.blockwise.inputs.masks import Mask, inside, read_mask
from terrazzo.blockwise.inputs.windows import Readable, read_window
from terrazzo.errors import InputError
from terrazzo.io.failures import about
from terrazzo.io.images.image import Image
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.regions.intensities.image_intensities import ImageIntensities
from terrazzo.regions.intensities.moved_channels import moved_channels
from terrazzo.regions.intensities.unequal_scales import unequal_scales
from terrazzo.regions.superpixels.single_precision import LEAST

_log = logging.getLogger(__name__)


def seen_intensities(
    images: Sequence[ImageLike], pixels: Sequence[Readable], masks: Sequence[Mask] | None = None
) -> Distribution | None:
    """Return the intensities of the images of a fit, from windows at fixed positions; None if no pixel counts.

    One line of the log says which images are on another intensity scale than the others.

    Parameters
    ----------
    images : sequence of Image or array
        As they were given.
    pixels : sequence of Readable, each (c, y, x) or (c, z, y, x)
        What windows of them are read from.
    masks : sequence of Mask, optional
        Which of their pixels count.

    Raises
    ------
    InputError
        If intensities are so small that single precision cannot tell them apart.
    """
    found, names = [], []
    for place, (image, array) in enumerate(zip(images, pixels, strict=True)):
        path = image.path if isinstance(image, Image) else ""
        names.append(f"'{path}'" if path else f"image {place + 1}")
        with about(path):
            found.append(_estimated(array, None if masks is None else masks[place]))
    spread = max((float(image.levels.std(axis=1).max()) for image in found if image is not None), default=0.0)
    if 0 < spread < LEAST:
        raise InputError(
            f"the images' intensities differ by {spread:.3g}, and below {LEAST:g} single precision has too few digits; "
            "multiply all images by the same number"
        )
    said = unequal_scales(found, names)
    if said is not None:
        _log.warning("%s", said)
    return Distribution.of(found, _channel_names(images))


def _channel_names(images: Sequence[ImageLike]) -> tuple[str, ...] | None:
    """Return what the channels are called, where all images call them the same; say so where they change places.

    Numbers are no names.
    """
    named = [image.channels if isinstance(image, Image) else () for image in images]
    for own, image in zip(named, images, strict=True):
        said = moved_channels(own, named[0])
        if said is not None and isinstance(image, Image):
            _log.warning("'%s' %s than the first image; give all images their channels in one order", image.path, said)
    return named[0] if len(set(named)) == 1 and not all(name.isdecimal() for name in named[0]) else None


def _estimated(pixels: Readable, mask: Mask) -> ImageIntensities | None:
    """Return the intensities of an image: files are read here, a Dask array where Dask computes."""
    found: ImageIntensities | None
    if isinstance(pixels, da.Array):
        found = estimated({INTENSITIES.name: INTENSITIES}, pixels, mask)[INTENSITIES.name]
        return found
    windows = []
    for box in INTENSITIES.windows(pixels.shape[1:]):
        window = read_window(pixels, box)
        windows.append(INTENSITIES.measured(window, inside(read_mask(mask, box), window)))
    found = INTENSITIES.combined(windows)
    return found
