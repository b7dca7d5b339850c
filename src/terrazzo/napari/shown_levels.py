"""The levels of an image for a viewer: those of its file, or, where it has none, coarse ones made once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import dask.array as da
import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.blockwise.inputs.windows import read_window
from terrazzo.errors import InputError
from terrazzo.io.images.image import Image
from terrazzo.io.images.open_image import open_image
from terrazzo.io.levels.coarse import coarse, sampling_of
from terrazzo.progress import Step, tell

HELD = 64 * 2**20
"""Bytes of coarse levels that are made and held in memory."""

SHOWN_WHOLE = 32 * 2**20
"""Bytes of an image that needs no coarser level, of a volume of a section."""

FARTHEST = 16
"""How much coarser the first level that is made may be: those between are read from the finest as they are seen."""

READ_SIDE = 2048
SMALLEST = 256
"""Pixels along the longer side of the coarsest level, about."""


def shown_levels(image: Image) -> list[Any]:
    """Return the levels of an image, the finest first, each an array (c, y, x) or (c, z, y, x).

    Those of a file that has some are lazy. Of another the finest is, and of those that are coarser what fits into
    64 MB is computed here, block by block: `Step`s of "coarse levels" say how far it is.

    Raises
    ------
    InputError
        If the file has no levels and is so large that it would take minutes to see it whole.
    """
    stored = list(_stored_levels(image))
    if len(stored) > 1 or _bytes(image) <= SHOWN_WHOLE:
        return stored
    steps = 2
    while _bytes(image) / steps**2 > HELD / 2:
        steps *= 2
    if steps > FARTHEST:
        raise InputError(
            f"'{image.path}' has {math.prod(image.extent) / 1e6:,.0f} megapixels and no coarser levels to look at; "
            "write it with levels: terrazzo convert IMAGE out.ome.zarr"
        )
    between = [image.data[..., ::step, ::step] for step in itertools.takewhile(lambda n: n < steps, _powers(2))]
    held = [_made(image, steps)]
    sampling = sampling_of(image.dtype, "mean")
    while max(held[-1].shape[-2:]) > SMALLEST:
        halved = (1,) * (held[-1].ndim - 2) + (2, 2)
        held.append(coarse(held[-1], halved, sampling))
    return [*stored, *between, *held]


def contrast(levels: list[Any]) -> list[tuple[float, float]]:
    """Return for each channel the range of intensities that is shown: all but the darkest and brightest thousandth."""
    coarsest = levels[-1]
    sections = coarsest.shape[1] if coarsest.ndim == 4 else 1
    chosen = coarsest[:, :: max(1, sections // 8)] if coarsest.ndim == 4 else coarsest
    pixels = np.asarray(chosen[..., :: max(1, chosen.shape[-2] // 1024), :: max(1, chosen.shape[-1] // 1024)])
    found = []
    for channel in pixels:
        finite = channel[np.isfinite(channel)].astype(np.float64)
        low, high = np.percentile(finite, [0.1, 99.9]) if finite.size else (0.0, 1.0)
        found.append((float(low), float(high) if high > low else float(low) + 1))
    return found


def _stored_levels(image: Image) -> Iterator[da.Array]:
    """Yield an image and the coarser levels of its file."""
    select = {one.axis: slice(one.start, one.stop) for one in image.stored.selected if one.axis in "tc"}
    smallest = image.extent
    yield image.data
    for number in range(image.level + 1, image.levels):
        level = open_image(image.path, level=number, axes=image.stored.axes, select=select or None)
        same_kind = len(level.extent) == len(image.extent) and len(level.channels) == len(image.channels)
        if not same_kind or level.extent == smallest:
            return
        smallest = level.extent
        yield level.data


def _made(image: Image, step: int) -> NDArray[Any]:
    """Return an image with a value for each step of its rows and columns, read in strips of blocks."""
    rows, columns = image.extent[-2:]
    lead = image.shape[:-2]
    found = np.empty((*lead, -(-rows // step), -(-columns // step)), image.dtype)
    sampling = sampling_of(image.dtype, "mean")
    sections = range(image.extent[0]) if len(image.extent) == 3 else [None]
    places = [
        (section, top, left)
        for section in sections
        for top in range(0, rows, READ_SIDE)
        for left in range(0, columns, READ_SIDE)
    ]
    for done, (section, top, left) in enumerate(places):
        tell(Step("coarse levels", done, len(places)))
        at = () if section is None else (section,)
        start = (*at, top, left)
        stop = (*(one + 1 for one in at), min(rows, top + READ_SIDE), min(columns, left + READ_SIDE))
        # means of every other pixel are as good to look at, and come in a quarter of the time
        values = read_window(image.stored, Box(start, stop))[..., ::2, ::2]
        steps = (1,) * (values.ndim - 2) + (step // 2, step // 2)
        target = (slice(None), *(slice(one, one + 1) for one in at))
        tops, lefts = slice(top // step, -(-stop[-2] // step)), slice(left // step, -(-stop[-1] // step))
        found[(*target, tops, lefts)] = coarse(values, steps, sampling)
    tell(Step("coarse levels", len(places), len(places)))
    return found


def _bytes(image: Image) -> int:
    """Return the bytes of an image, of a volume those of all sections: its levels have them all."""
    return math.prod(image.shape) * image.dtype.itemsize


def _powers(first: int) -> Iterator[int]:
    return (first**n for n in itertools.count(1))
