"""The filter responses of one scale: what superpixels pool, and what classifiers of pixels read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.kernels.filters import (
    gradient_and_laplacian,
    halved,
    hessian_eigenvalues,
    local_mean_and_std,
    radius,
    structure_eigenvalues,
)

FIRST_RESPONSES = ("gaussian", "gradient", "laplacian", "deviation")
EIGENVALUES = ("hessian_large", "hessian_small", "structure_large", "structure_small")
MOVED_BY_BRIGHTNESS = ("intensity", "gaussian")

Response = tuple[NDArray[np.float32], int]
"""A response (z, y, x) and its level: each of its pixels covers `2**level` pixels along y and x."""


@dataclass(frozen=True)
class Scale:
    """One scale: the Gaussian, its gradient magnitude and Laplacian, the Gaussian-weighted local standard deviation.

    All are of first degree in contrast, and but for the Gaussian none changes with brightness. From sigma 4 on they are
    computed on the level of a 2x pyramid, aligned to absolute coordinates, on which sigma is 2 pixels: the cost does
    not grow with sigma. The same holds for the Gaussian of 2 sigma that smooths the structure tensor. In a volume they
    are computed section by section.

    Parameters
    ----------
    sigma : int
        The Gaussian's standard deviation in pixels, a power of 2.
    eigenvalues : bool
        Whether there are the eigenvalues of the Hessian and the roots of those of the structure tensor as well.
    """

    sigma: int
    eigenvalues: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the responses, in their order."""
        return FIRST_RESPONSES + EIGENVALUES * self.eigenvalues

    @property
    def level(self) -> int:
        """The level of the pyramid that the responses are computed from."""
        return max(0, self.sigma.bit_length() - 2)

    @property
    def levels(self) -> tuple[int, ...]:
        """The level of each response."""
        return (self.level,) * 6 + (self._smoothing_level,) * 2 if self.eigenvalues else (self.level,) * 4

    @property
    def radius(self) -> int:
        """How many pixels around a pixel its responses depend on."""
        level, smoothing = self.level, self._smoothing_level
        # one pixel for the differences, one for the coarse pixels that the ends cut
        plain = (radius(self._sigma_on_level) + 1 + (level > 0)) << level
        if not self.eigenvalues:
            return plain
        products = (radius(self._sigma_on_level) + 1) << level
        return max(plain, (radius(2 * self.sigma / (1 << smoothing)) << smoothing) + (1 << smoothing) - 1 + products)

    @property
    def alignment(self) -> int:
        """The multiple of pixels at which the image has to start."""
        return 1 << max(self.levels)

    @property
    def response_bytes(self) -> int:
        """Bytes per pixel of its level that are alive at once: four images; or two, three products, two eigenvalues."""
        return 4 * 7 if self.eigenvalues and self._smoothing_level == 0 else 4 * 4

    @property
    def _sigma_on_level(self) -> float:
        return self.sigma / (1 << self.level)

    @property
    def _smoothing_level(self) -> int:
        return self.sigma.bit_length() - 1

    def responses(self, image: NDArray[np.float32]) -> Iterator[Response]:
        """Yield each response to the image (z, y, x) on `level` of the pyramid."""
        level, sigma = self.level, self._sigma_on_level
        mean, deviation = local_mean_and_std(image, sigma)
        yield mean, level
        for response in gradient_and_laplacian(mean):
            yield response, level
        yield deviation, level
        if self.eigenvalues:
            del deviation
            for response in hessian_eigenvalues(mean, sigma):
                yield response, level
            smoothing = self._smoothing_level
            for response in structure_eigenvalues(mean, sigma, coarse=smoothing > level):
                yield response, smoothing


def responses_of(scales: tuple[Scale, ...], image: NDArray[np.float32]) -> Iterator[Response]:
    """Yield the responses of scales, finest first, to an image (z, y, x) that starts at their alignment."""
    level = 0
    for scale in scales:
        for _ in range(scale.level - level):
            image = halved(image)
        level = scale.level
        yield from scale.responses(image)
