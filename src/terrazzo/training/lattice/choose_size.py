"""Which spacing of superpixels is worth its cost? Short fits on a sample of what is annotated say it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage
from terrazzo.blockwise.inputs.masks import MaskLike
from terrazzo.blockwise.inputs.windows import read_window
from terrazzo.errors import ParameterError
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.progress import Step, tell
from terrazzo.regions.classes.annotation import NOT_ANNOTATED
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters
from terrazzo.training.lattice.fit_images import fit_lattice_on_images
from terrazzo.training.lattice.settings import LatticeTraining
from terrazzo.training.rules.annotated_images import AnnotatedImages
from terrazzo.training.rules.few_annotated import FEW
from terrazzo.training.rules.splits import Validation

_log = logging.getLogger(__name__)

SIZES = (8, 12, 16)
"""The spacings that are tried, in pixels."""

STEPS = 150
"""Of each short fit."""

SIDE, MOST_WINDOWS, MOST_READ = 512, 8, 64
"""The sample: pixels along a side of a window, the most windows, and the most that are looked at for them."""

WITHIN = 0.01
"""A larger spacing is taken where it costs no more than this of the mean IoU of the validation side."""


@dataclass(frozen=True, eq=False)
class _Window:
    """A window of an annotated image, in memory."""

    number: int
    pixels: NDArray[Any]
    truth: NDArray[np.uint8]
    mask: MaskLike | None


def chosen_superpixels(
    learned: AnnotatedImages,
    prepared: Callable[..., AnnotatedImages],
    network: LatticeSettings,
    training: LatticeTraining,
) -> SuperpixelParameters:
    """Return superpixels of the largest of 8, 12 and 16 px that is as good as any, by short fits on a sample.

    What they come to, or why none was made, is one line of the log.

    Parameters
    ----------
    learned : AnnotatedImages
        The images with the superpixels that are the answer where too little is annotated.
    prepared : callable
        As `annotated_images`, but for what is equal in all fits.
    network : LatticeSettings
    training : LatticeTraining
        Of the fit that follows.

    Raises
    ------
    ParameterError
        If the images are volumes.
    """
    if learned.inputs.axes != 2:
        raise ParameterError("size is 'auto' and the images are volumes; give a size for each axis, such as 2,8,8")
    superpixels = learned.recipe.superpixels
    default = superpixels.size[-1]
    windows = _sample(learned, np.random.default_rng(training.seed))
    counts = sum((_counts(one.truth, learned.inputs.classes) for one in windows), np.zeros(learned.inputs.classes, int))
    if len(windows) < 2 or counts.min() < FEW:
        _log.warning(
            "too little is annotated to choose the size of superpixels by: it is %d; give a size, or annotate more",
            default,
        )
        return superpixels
    try:
        tried = {size: _tried(size, windows, learned, prepared, network, training) for size in SIZES}
    except ParameterError as error:
        _log.warning("the size of superpixels cannot be chosen on a sample: it is %d (%s)", default, error)
        return superpixels
    best = max(score for score, _ in tried.values())
    chosen = max(size for size, (score, _) in tried.items() if score >= best - WITHIN)
    said = ", ".join(f"{size} px {score:.3f} in {seconds:.0f} s" for size, (score, seconds) in tried.items())
    _log.warning("superpixels of %d px, by the mean IoU of short fits on a sample: %s", chosen, said)
    return replace(superpixels, size=(chosen, chosen))


def _tried(
    size: int,
    windows: Sequence[_Window],
    learned: AnnotatedImages,
    prepared: Callable[..., AnnotatedImages],
    network: LatticeSettings,
    training: LatticeTraining,
) -> tuple[float, float]:
    """Return the mean IoU that a short fit comes to at a size, and its seconds."""
    began = time.monotonic()
    sampled = prepared(
        [one.pixels for one in windows],
        [one.truth for one in windows],
        [one.mask for one in windows],
        class_names=learned.inputs.class_names,
        size=None,
        superpixels=replace(learned.recipe.superpixels, size=(size, size)),
    )
    held = _validation(training, windows)
    short = replace(training, steps=STEPS, seconds=None, copies=0, streaming=False, validation=held)
    model = fit_lattice_on_images(sampled, network, short, began)
    tell(Step("sizes", 1 + SIZES.index(size), len(SIZES)))
    return model.fitted["validation_mean_iou"], time.monotonic() - began


def _validation(training: LatticeTraining, windows: Sequence[_Window]) -> Validation:
    """Return what of the windows tells: those of the images that do, if these are named and in the sample."""
    if isinstance(training.validation, int | float):
        return training.validation
    held = [place for place, one in enumerate(windows) if one.number in training.validation]
    return held if 0 < len(held) < len(windows) else LatticeTraining.validation


def _sample(learned: AnnotatedImages, rng: np.random.Generator) -> list[_Window]:
    """Return some annotated windows: each next one has most of the class of which least is there."""
    places = [(number, box) for number, image in enumerate(learned.annotated) for box in _boxes(image)]
    looked = [places[place] for place in rng.permutation(len(places))[:MOST_READ]]
    counts = [
        _counts(read_window(learned.annotated[number].truth, box), learned.inputs.classes) for number, box in looked
    ]
    left = [place for place, count in enumerate(counts) if count.any()]
    chosen: list[int] = []
    total = np.zeros(learned.inputs.classes, np.int64)
    while left and len(chosen) < MOST_WINDOWS:
        rarest = int(np.argmin(total))
        best = max(left, key=lambda place: (counts[place][rarest], -place))
        left.remove(best)
        chosen.append(best)
        total += counts[best]
    return [_window(learned.annotated[number], number, box) for number, box in (looked[place] for place in chosen)]


def _window(image: AnnotatedImage, number: int, box: Box) -> _Window:
    mask = image.mask
    inside = read_window(mask, box) if isinstance(mask, da.Array) else mask
    return _Window(number, read_window(image.pixels, box), read_window(image.truth, box), inside)


def _boxes(image: AnnotatedImage) -> Iterator[Box]:
    """Yield windows of about equal sides that cover the blocks near annotated pixels, each once."""
    for block in image.blocks:
        edges = [
            np.linspace(start, stop, 1 + max(1, round((stop - start) / SIDE))).astype(int).tolist()
            for start, stop in zip(block.core.start, block.core.stop, strict=True)
        ]
        for (top, bottom), (left, right) in product(*map(pairwise, edges)):
            yield Box((top, left), (bottom, right))


def _counts(truth: NDArray[np.uint8], classes: int) -> NDArray[np.int64]:
    return np.bincount(truth[truth != NOT_ANNOTATED], minlength=classes)
