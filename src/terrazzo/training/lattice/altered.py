"""Altered copies of annotated images, made before superpixels are: other scales, contrasts, noise and sharpness."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import dask.array as da
import numpy as np
from dask.base import tokenize
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage, annotated_image
from terrazzo.blockwise.inputs.masks import MaskFunction
from terrazzo.blockwise.inputs.masks import inside as masked_by
from terrazzo.blockwise.inputs.windows import Readable, read_window
from terrazzo.kernels.culture.noise import noise_on
from terrazzo.kernels.filters import gaussian, radius
from terrazzo.regions.superpixels.intensity_scale import scale_windows

SCALE, GAMMA, NOISE, BLUR = 0.3, 0.4, 0.03, 0.8
"""How far copies are altered: exp(±SCALE) in extent, exp(±GAMMA) as exponent, up to so many deviations, pixels."""

CHUNK, SECTIONS = 512, 16


@dataclass(frozen=True)
class Alteration:
    """How a copy differs from its image.

    Parameters
    ----------
    scale : float
        Pixels of the copy along y and x for one of the image.
    gamma : float
        The exponent of intensities, between the image's lowest and highest.
    noise : float
        The deviation of what is added, in deviations of the image.
    blur : float
        The deviation of a Gaussian in pixels; 0 is none.
    seed : int
        Of the noise.
    """

    scale: float
    gamma: float
    noise: float
    blur: float
    seed: int

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Self:
        """Draw one."""
        return cls(
            float(np.exp(rng.uniform(-SCALE, SCALE))),
            float(np.exp(rng.uniform(-GAMMA, GAMMA))),
            float(NOISE * rng.random()),
            float(rng.uniform(0, BLUR)) if rng.random() < 0.5 else 0.0,
            int(rng.integers(2**32)),
        )

    def extent(self, extent: tuple[int, ...]) -> tuple[int, ...]:
        """Return the copy's extent."""
        return (*extent[:-2], *(max(2, round(n * self.scale)) for n in extent[-2:]))


def altered_image(image: AnnotatedImage, how: Alteration, reach: int, block: int | None) -> AnnotatedImage:
    """Return an altered copy of an annotated image, lazily but for a look at some windows of it.

    Parameters
    ----------
    image : AnnotatedImage
    how : Alteration
    reach : int
        As for `AnnotatedImage.near_annotation`.
    block : int, optional
        About how many pixels wide the copy's blocks are.
    """
    extent = image.truth.shape
    windows = np.concatenate(
        [read_window(image.pixels, box).reshape(len(image.pixels), -1) for box in scale_windows(extent)], axis=1
    )
    finite = np.where(np.isfinite(windows), windows, np.nan).astype(np.float64)
    low, high, spread = (what(finite, axis=1) for what in (np.nanmin, np.nanmax, np.nanstd))
    pixels = _lazy(AlteredPixels(image.pixels, how, low, high, spread))
    truth = _lazy(AlteredTruth(image.truth, how))
    inside = image.mask
    if callable(inside):
        # it judges the image's own pixels, not altered ones
        inside = image.pixels.rechunk({0: -1}).map_blocks(partial(_judged, inside), drop_axis=0, dtype=np.bool_)
    mask = None if inside is None else _lazy(AlteredTruth(inside, how))
    copy = annotated_image(pixels, truth, recipe=image.recipe, classes=image.classes, mask=mask, block=block)
    return copy.near_annotation(reach)


@dataclass(frozen=True, eq=False)
class AlteredTruth:
    """A plane of classes on the pixels of a copy: those of the nearest pixels of the image.

    Parameters
    ----------
    source : dask.array.Array, shape (y, x) or (z, y, x)
    how : Alteration
    """

    source: Readable
    how: Alteration

    @property
    def shape(self) -> tuple[int, ...]:
        """The copy's extent."""
        return self.how.extent(self.source.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the image's."""
        return np.dtype(self.source.dtype)

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    def __getitem__(self, window: tuple[slice, ...]) -> NDArray[Any]:
        spans = [
            _nearest(*window[axis].indices(self.shape[axis])[:2], self.source.shape[axis], self.shape[axis])
            for axis in (-2, -1)
        ]
        box = _source_box(window[:-2], spans)
        read = read_window(self.source, box)
        y, x = (span - start for span, start in zip(spans, box.start[-2:], strict=True))
        return np.asarray(read[..., y[:, None], x])


@dataclass(frozen=True, eq=False)
class AlteredPixels:
    """The pixels of a copy.

    Parameters
    ----------
    source : dask.array.Array, shape (c, y, x) or (c, z, y, x)
    how : Alteration
    low, high, spread : ndarray of float64, shape (c,)
        The lowest, the highest and the deviation of the image's intensities.
    """

    source: Readable
    how: Alteration
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    spread: NDArray[np.float64]
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.float32))

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels and the copy's extent."""
        return (self.source.shape[0], *self.how.extent(self.source.shape[1:]))

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    def __getitem__(self, window: tuple[slice, ...]) -> NDArray[np.float32]:
        wanted = [window[axis].indices(self.shape[axis])[:2] for axis in (-2, -1)]
        margin = radius(self.how.blur) if self.how.blur else 0
        grown = [
            (max(0, a - margin), min(self.shape[axis], b + margin))
            for (a, b), axis in zip(wanted, (-2, -1), strict=True)
        ]
        made = self._noisy(window[1:-2], grown)[window[0]]
        if margin:
            sections = made.reshape(-1, *made.shape[-2:])
            made = gaussian(np.ascontiguousarray(sections), (0.0, self.how.blur, self.how.blur)).reshape(made.shape)
        cut = [slice(a - first, b - first) for (a, b), (first, _) in zip(wanted, grown, strict=True)]
        return np.asarray(made[..., cut[0], cut[1]])

    def _noisy(self, sections: tuple[slice, ...], spans: list[tuple[int, int]]) -> NDArray[np.float32]:
        places = [
            _middles(a, b, self.source.shape[axis], self.shape[axis])
            for (a, b), axis in zip(spans, (-2, -1), strict=True)
        ]
        box = _source_box(sections, [np.array([place[0][0], place[1][-1]]) for place in places])
        read = read_window(self.source, box).astype(np.float64)
        for axis, (before, after, share) in zip((-2, -1), places, strict=True):
            start = box.start[axis]
            share = share[:, None] if axis == -2 else share
            read = np.take(read, before - start, axis) * (1 - share) + np.take(read, after - start, axis) * share
        column = (slice(None), *(None,) * (read.ndim - 1))
        low, span = self.low[column], np.maximum(self.high - self.low, np.finfo(np.float32).tiny)[column]
        read = low + span * np.maximum((read - low) / span, 0) ** self.how.gamma
        (y0, y1), (x0, x1) = spans
        noise = noise_on(y0, y1, x0, x1, np.uint64(self.how.seed))
        return (read + noise * (self.how.noise * self.spread)[column]).astype(np.float32)


def _judged(mask: MaskFunction, pixels: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which pixels a function says are inside."""
    found = masked_by(mask, pixels)
    return np.ones(pixels.shape[1:], np.bool_) if found is None else found


def _nearest(first: int, last: int, extent: int, scaled: int) -> NDArray[np.int64]:
    """Return the image's pixels that are nearest to some of the copy's along an axis."""
    places = (np.arange(first, last) + 0.5) * extent / scaled
    return np.minimum(places.astype(np.int64), extent - 1)


def _middles(
    first: int, last: int, extent: int, scaled: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the image's pixels before and after some of the copy's along an axis, and the share of the latter."""
    places = np.clip((np.arange(first, last) + 0.5) * extent / scaled - 0.5, 0, extent - 1)
    before = np.floor(places).astype(np.int64)
    return before, np.minimum(before + 1, extent - 1), places - before


def _source_box(sections: tuple[slice, ...], spans: list[NDArray[np.int64]]) -> Box:
    start = (*(section.start for section in sections), *(int(span[0]) for span in spans))
    return Box(start, (*(section.stop for section in sections), *(int(span[-1]) + 1 for span in spans)))


def _lazy(made: AlteredPixels | AlteredTruth) -> da.Array:
    sections = [] if len(made.shape) < 3 else [min(made.shape[-3], SECTIONS)]
    channels = [made.shape[0]] if isinstance(made, AlteredPixels) else []
    chunks = (*channels, *sections[: made.ndim - 2 - len(channels)], CHUNK, CHUNK)
    source = tokenize(made.source, made.how)
    return da.from_array(
        made, chunks=chunks, name=f"altered-{type(made).__name__}-{source}", asarray=False, fancy=False
    )
