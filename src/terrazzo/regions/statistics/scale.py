"""The filter responses of one scale: what superpixels pool, and what classifiers of pixels read."""

from __future__ import annotations

from dataclasses import dataclass

from terrazzo.kernels.filters import radius

FIRST_RESPONSES = ("gaussian", "gradient", "laplacian", "deviation")
EIGENVALUES = ("hessian_large", "hessian_small", "structure_large", "structure_small")
MOVED_BY_BRIGHTNESS = ("intensity", "gaussian")


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
        plain = (radius(self.sigma_on_level) + 1 + (level > 0)) << level
        if not self.eigenvalues:
            return plain
        products = (radius(self.sigma_on_level) + 1) << level
        return max(plain, (radius(2 * self.sigma / (1 << smoothing)) << smoothing) + (1 << smoothing) - 1 + products)

    @property
    def alignment(self) -> int:
        """The multiple of pixels at which the image has to start."""
        return 1 << max(self.levels)

    @property
    def response_bytes(self) -> int:
        """Bytes per pixel of its level that are alive at once: the image, its mean, three products, and strips."""
        return 4 * 6 if self.eigenvalues and self._smoothing_level == 0 else 4 * 4

    @property
    def sigma_on_level(self) -> float:
        """The standard deviation in pixels of the level."""
        return self.sigma / (1 << self.level)

    @property
    def _smoothing_level(self) -> int:
        return self.sigma.bit_length() - 1
