"""Banks of filter responses of each pixel: declared once, pooled over superpixels and read by classifiers of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.errors import ModelError
from terrazzo.regions.statistics.response_strips import write_responses, write_responses_at
from terrazzo.regions.statistics.scale import MOVED_BY_BRIGHTNESS, Scale


@dataclass(frozen=True)
class ResponseBank:
    """The intensity of a pixel, and its filter responses at some scales.

    Parameters
    ----------
    name : str
        What model files call it.
    sigmas : tuple of int
        Of the scales, rising powers of 2.
    eigenvalues : bool
        Whether the scales have eigenvalues.
    """

    name: str
    sigmas: tuple[int, ...]
    eigenvalues: bool = False

    @property
    def scales(self) -> tuple[Scale, ...]:
        """The scales."""
        return tuple(Scale(sigma, self.eigenvalues) for sigma in self.sigmas)

    def columns(self, channels: int) -> tuple[str, ...]:
        """Return the names of the responses of an image with so many channels."""
        return tuple(f"{name}{sigma}_{channel}" for channel in range(channels) for name, sigma in self._per_channel)

    def moves_with_brightness(self, channels: int) -> tuple[bool, ...]:
        """Return for each column whether it changes when a constant is added to the image; contrast scales all."""
        return tuple(name in MOVED_BY_BRIGHTNESS for name, _ in self._per_channel) * channels

    @property
    def _per_channel(self) -> tuple[tuple[str, int | str], ...]:
        return (("intensity", ""), *((name, scale.sigma) for scale in self.scales for name in scale.names))

    @property
    def levels(self) -> tuple[int, ...]:
        """The level of the pyramid of each column of a channel."""
        return (0, *(level for scale in self.scales for level in scale.levels))

    @property
    def radius(self) -> int:
        """How many pixels around a pixel its responses depend on, along y and x."""
        return max(scale.radius for scale in self.scales)

    @property
    def alignment(self) -> int:
        """The multiple of pixels at which a window has to start, along y and x."""
        return max(scale.alignment for scale in self.scales)

    def window(self, core: Box, extent: tuple[int, ...]) -> Box:
        """Return the pixels that the responses on a box depend on; along z no more, filters work on each section."""
        grown = core.grown([0] * (len(extent) - 2) + [self.radius] * 2, extent)
        section = Box(grown.start[-2:], grown.stop[-2:]).aligned(self.alignment)
        return Box(grown.start[:-2] + section.start, grown.stop)

    def write(
        self, window: NDArray[np.float32], inside: tuple[slice, ...], found: Sequence[NDArray[np.float32]]
    ) -> None:
        """Write the responses on some pixels (…, y, x) of a window (c, …, y, x), in the order of the columns.

        Each is a volume (z, y, x) on its level, of the pixels that those lie in.
        """
        z, y, x = inside if len(inside) == 3 else (slice(0, 1), *inside)
        columns = len(self.levels)
        for place, channel in enumerate(window.reshape(len(window), -1, *window.shape[-2:])):
            own = found[place * columns : (place + 1) * columns]
            own[0][:] = channel[z, y, x]
            write_responses(self.scales, channel, z, (y, x), own[1:])


SCALE_BANK = ResponseBank("scale_space", (1, 2, 4, 8, 16))
"""What a file that names no bank means."""

EIGEN_BANK = ResponseBank("scale_space_eigen", (1, 2, 4, 8), eigenvalues=True)

BANKS = (SCALE_BANK, EIGEN_BANK)


def bank_named(name: object) -> ResponseBank:
    """Return the bank that model files call so.

    Raises
    ------
    ModelError
        If there is none.
    """
    for bank in BANKS:
        if bank.name == name:
            return bank
    known = " and ".join(f"'{bank.name}'" for bank in BANKS)
    raise ModelError(f"there is no bank of filter responses {name!r}; this terrazzo knows {known}")


def responses_at(
    bank: ResponseBank, window: NDArray[np.float32], box: Box, places: tuple[NDArray[np.int64], ...]
) -> NDArray[np.float32]:
    """Return the responses at some pixels, shape (columns, pixels).

    A coarse response is that of the pixel of an aligned pyramid that the pixel lies in.

    Parameters
    ----------
    bank : ResponseBank
    window : ndarray of float32, shape (c, y, x) or (c, z, y, x)
        The image on `box`.
    box : Box
        Where the window lies; made by `bank.window`.
    places : tuple of ndarray of int64, one per axis
        The pixels, in the whole image.
    """
    found = np.empty((len(bank.columns(len(window))), len(places[0])), np.float32)
    if not places[0].size:
        return found
    places = tuple(place - start for place, start in zip(places, box.start, strict=True))
    z, y, x = places if len(places) == 3 else (np.zeros_like(places[0]), *places)
    channels = window.reshape(len(window), -1, *window.shape[-2:])
    for channel, columns in zip(channels, found.reshape(len(channels), -1, len(z)), strict=True):
        columns[0] = channel[z, y, x]
        write_responses_at(bank.scales, channel, (z, y, x), columns[1:])
    return found
