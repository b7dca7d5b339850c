"""The filter responses of each pixel: what superpixels pool, for classifiers of pixels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.kernels.filters import gradient_and_laplacian, halved, local_mean_and_std
from terrazzo.regions.statistics.features import scale_space

SIGMAS = (1, 2, 4, 8, 16)
RESPONSES = ("gaussian", "gradient", "laplacian", "deviation")


def bank_columns(channels: int) -> tuple[str, ...]:
    """Return the names of the responses of an image with so many channels."""
    per_channel = ("intensity", *(f"{name}{sigma}" for sigma in SIGMAS for name in RESPONSES))
    return tuple(f"{name}_{channel}" for channel in range(channels) for name in per_channel)


def bank_window(core: Box, extent: tuple[int, ...]) -> Box:
    """Return the pixels that the responses on a box depend on; along z no more, filters work on each section."""
    largest = scale_space(max(SIGMAS))
    margin = [0] * (len(extent) - 2) + [largest.radius] * 2
    grown = core.grown(margin, extent)
    start = tuple(a - a % largest.alignment if axis >= len(extent) - 2 else a for axis, a in enumerate(grown.start))
    return Box(start, grown.stop)


def filter_bank(window: NDArray[np.float32], box: Box, places: tuple[NDArray[np.int64], ...]) -> NDArray[np.float32]:
    """Return the responses at some pixels, shape (columns, pixels).

    From sigma 4 on they are those of the pixel of an aligned pyramid that the pixel lies in.

    Parameters
    ----------
    window : ndarray of float32, shape (c, y, x) or (c, z, y, x)
        The image on `box`.
    box : Box
        Where the window lies; made by `bank_window`.
    places : tuple of ndarray of int64, one per axis
        The pixels, in the whole image.
    """
    inside = [place - start for place, start in zip(places, box.start, strict=True)]
    z, y, x = inside if len(inside) == 3 else (np.zeros_like(inside[0]), *inside)
    volume = window.reshape(len(window), -1, *window.shape[-2:])
    rows = []
    for channel in volume:
        rows.append(channel[z, y, x])
        for response, level in _responses(channel):
            rows.append(response[z, y >> level, x >> level])
    return np.stack(rows)


def _responses(channel: NDArray[np.float32]) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Yield each response (z, y, x) and its level of the pyramid, in the order of `bank_columns`."""
    level = 0
    for sigma in SIGMAS:
        while level < sigma.bit_length() - 2:
            channel, level = halved(channel), level + 1
        mean, deviation = local_mean_and_std(channel, sigma / 2**level)
        for response in (mean, *gradient_and_laplacian(mean), deviation):
            yield response, level
