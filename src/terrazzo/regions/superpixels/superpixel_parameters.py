"""What decides the superpixels of an image, and how far a pixel's label depends on its surroundings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np

from terrazzo.blocks import Block, Box
from terrazzo.errors import ParameterError
from terrazzo.kernels.filters import radius
from terrazzo.kernels.superpixels.connectivity import ADOPTION_CELLS
from terrazzo.lattice import spacing
from terrazzo.settings import Settings

COLOURS = ("none", "lab")

# Smoothed pixels are compared with their surroundings, smoothed by this many times sigma, to sharpen them again.
SURROUND = 4.0


@dataclass(frozen=True)
class SuperpixelParameters(Settings):
    """The parameters of lattice superpixels.

    Parameters
    ----------
    size : tuple of int
        The spacing of the seeds `(y, x)` or `(z, y, x)` in pixels, at least 2; 1 along z gives each section
        superpixels of its own, those of the section as an image.
    compactness : float
        The weight of space against intensity: a distance of one `size` counts like an intensity difference of
        `compactness` scales.
    iterations : int
        How often pixels choose anew among the cells nearest to them.
    sigma : float
        The standard deviation in pixels of the Gaussian that smooths the image first; 0 is none. It is that along
        the axes with the largest `size`, and less in proportion along the others. What is smoothed is sharpened
        again, by half its difference to a Gaussian of 4 sigma.
    scale : float or None
        The intensity difference that counts as 1; None: the standard deviation of the image, estimated from
        windows at fixed positions.
    colour : {"none", "lab"}
        "lab": three channels are red, green and blue, and are compared in CIELAB.
    weights : tuple of float or None
        What each channel (L, a and b for "lab") is multiplied by before it is compared; None: all count alike.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    size: tuple[int, ...] = (16, 16)
    compactness: float = 0.45
    iterations: int = 5
    sigma: float = 1.0
    scale: float | None = None
    colour: str = "none"
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        # plain values, whatever numpy scalars came: they are hashed and written as JSON
        object.__setattr__(self, "size", spacing(self.size, axes=3 if np.size(self.size) == 3 else 2))
        for name in ("compactness", "sigma", "scale"):
            if getattr(self, name) is not None or name != "scale":
                object.__setattr__(self, name, _number(name, getattr(self, name)))
        if isinstance(self.iterations, np.integer):
            object.__setattr__(self, "iterations", int(self.iterations))
        if not (math.isfinite(self.compactness) and self.compactness >= 0):
            raise ParameterError(f"compactness is {self.compactness}; it must be a number of at least 0")
        if type(self.iterations) is not int or not (1 <= self.iterations <= 100):
            raise ParameterError(f"iterations is {self.iterations!r}; it must be a whole number from 1 to 100")
        if not (math.isfinite(self.sigma) and 0 <= self.sigma <= 64):
            raise ParameterError(f"sigma is {self.sigma}; it must be a number of pixels from 0 to 64")
        if self.scale is not None and not (math.isfinite(self.scale) and self.scale > 0):
            raise ParameterError(f"scale is {self.scale}; it must be a positive intensity difference, or None")
        if self.colour not in COLOURS:
            raise ParameterError(f"colour is {self.colour!r}; it must be one of {', '.join(map(repr, COLOURS))}")
        if self.weights is not None:
            object.__setattr__(self, "weights", _weights(self.weights))

    @property
    def sigmas(self) -> tuple[float, ...]:
        """The standard deviation of the smoothing along each axis, in pixels."""
        largest = max(self.size)
        return tuple(0.0 if size == 1 else self.sigma * (size / largest) for size in self.size)

    @property
    def smoothing_radius(self) -> tuple[int, ...]:
        """How many pixels along each axis smoothing reaches."""
        return tuple(radius(SURROUND * sigma) for sigma in self.sigmas)

    def halo(self, margin: int) -> int:
        """Return the cells around a core on which the labels of the core and of `margin` more cells depend.

        One cell for each iteration, the rest for connectivity: the chaotic-distance test checks that it is
        enough, and that one less is not.
        """
        return self.iterations + 1 + ADOPTION_CELLS + margin

    def halos(self, margin: int) -> tuple[int, ...]:
        """Return the same along each axis: where cells are one pixel deep, labels depend on no other cell."""
        return tuple(margin if size == 1 else self.halo(margin) for size in self.size)

    def window(self, block: Block, margin: int) -> Box:
        """Return the pixels that the labels of a block's core and of `margin` more cells depend on."""
        return block.pixels(self.halos(margin)).grown(self.smoothing_radius, block.lattice.shape)


def _number(name: str, value: object) -> float:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise ParameterError(f"{name} is {value!r}; it must be a number")
    return float(value)


def _weights(weights: object) -> tuple[float, ...]:
    values = tuple(_number("a weight", weight) for weight in np.atleast_1d(np.asarray(weights, object)))
    if not all(math.isfinite(value) and value >= 0 for value in values) or not any(values):
        raise ParameterError(f"weights are {values}; give one number of at least 0 per channel, not all of them 0")
    return values
