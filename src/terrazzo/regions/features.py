"""What is measured on a region: a feature set is a tuple of statistics, and users add their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.kernels.filters import gradient_and_laplacian, halved, local_mean_and_std, radius
from terrazzo.kernels.moments import mean_and_std
from terrazzo.kernels.quantiles import deciles


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of a block as a statistic sees them: each of them whole, with image around.

    Parameters
    ----------
    image : ndarray of float32, shape (y, x), or (c, y, x) for a statistic that is not per channel
        Intensities; at least the statistic's `radius` around every region, or the image's border. It starts at
        a multiple of the statistic's `alignment` in the whole image.
    index : ndarray of int32, shape (y, x)
        The region of each pixel, counted from 0; -1 is none.
    area : ndarray of int64, shape (N,)
        Pixels of each region.
    """

    image: NDArray[np.float32]
    index: NDArray[np.int32]
    area: NDArray[np.int64]


@dataclass(frozen=True)
class Statistic:
    """One measurement on regions.

    Parameters
    ----------
    name : str
        What is measured.
    columns : tuple of str
        The names of the numbers that it gives; a per-channel statistic's get the channel's number as a suffix.
    compute : callable
        `Regions -> ndarray of float32, shape (N, len(columns))`; a pure function of what it is given.
    radius : int
        How many pixels around a region it looks at.
    alignment : int
        The multiple of pixels, in the whole image, at which its image has to start.
    per_channel : bool
        Whether it is computed for one channel at a time.
    """

    name: str
    columns: tuple[str, ...]
    # kept out of the repr, which fingerprints hash: a function's holds its address in this process
    compute: Callable[[Regions], NDArray[np.float32]] = field(repr=False)
    radius: int = 0
    alignment: int = 1
    per_channel: bool = True

    def __post_init__(self) -> None:
        if not self.columns or len(set(self.columns)) < len(self.columns):
            raise ParameterError(
                f"statistic {self.name!r} has the columns {self.columns}; name at least one, each once"
            )
        if self.radius < 0 or self.alignment < 1:
            raise ParameterError(
                f"statistic {self.name!r} has radius {self.radius} and alignment {self.alignment}; they must be at "
                "least 0 and 1"
            )

    def measure(self, regions: Regions) -> NDArray[np.float32]:
        """Return what `compute` gives, checked to be one row per region and one number per column."""
        values = np.asarray(self.compute(regions))
        wanted = (regions.area.size, len(self.columns))
        if values.shape != wanted:
            raise ParameterError(
                f"statistic {self.name!r} gave an array of shape {values.shape}; with {wanted[0]} regions and the "
                f"columns {self.columns} it must be {wanted}"
            )
        return values.astype(np.float32, copy=False)


FeatureSet = tuple[Statistic, ...]


def column_names(features: FeatureSet, channels: int) -> tuple[str, ...]:
    """Return the names of all columns of a feature set on an image with `channels` channels."""
    return tuple(
        f"{column}_{channel}" if statistic.per_channel else column
        for statistic in features
        for channel in range(channels if statistic.per_channel else 1)
        for column in statistic.columns
    )


@cache
def scale_space(sigma: int) -> Statistic:
    """Return the filter responses at one scale, pooled to their mean and standard deviation over a region.

    The responses are the Gaussian, its gradient magnitude and Laplacian, and the Gaussian-weighted local standard
    deviation. From sigma 4 on they are computed on the level of a 2x pyramid, aligned to absolute coordinates,
    on which sigma is 2 pixels: the cost does not grow with sigma.

    Parameters
    ----------
    sigma : int
        The Gaussian's standard deviation in pixels, a power of 2.
    """
    level = max(0, sigma.bit_length() - 2)
    responses = ("gaussian", "gradient", "laplacian", "deviation")
    columns = (f"{name}{sigma}_{pooled}" for name in responses for pooled in ("mean", "std"))
    # one pixel for the differences, one for the coarse pixels that the ends cut
    reach = (radius(sigma / 2**level) + 1 + (level > 0)) * 2**level
    compute = partial(_pooled_responses, sigma=sigma / 2**level, level=level)
    return Statistic(f"scale_space_{sigma}", tuple(columns), compute, radius=reach, alignment=2**level)


def _pooled_responses(regions: Regions, sigma: float, level: int) -> NDArray[np.float32]:
    image = regions.image
    for _ in range(level):
        image = halved(image)
    mean, deviation = local_mean_and_std(image, sigma)
    gradient, laplacian = gradient_and_laplacian(mean)
    pooled = [
        mean_and_std(response, regions.index, regions.area, level)
        for response in (mean, gradient, laplacian, deviation)
    ]
    return np.concatenate(pooled, axis=1)


def _area(regions: Regions) -> NDArray[np.float32]:
    return regions.area.astype(np.float32)[:, None]


def _intensity(regions: Regions) -> NDArray[np.float32]:
    return mean_and_std(regions.image, regions.index, regions.area)


def _deciles(regions: Regions) -> NDArray[np.float32]:
    return deciles(regions.image, regions.index, regions.area)


AREA = Statistic("area", ("area",), _area, per_channel=False)
INTENSITY = Statistic("intensity", ("mean", "std"), _intensity)
DECILES = Statistic("deciles", tuple(f"decile{tenth}" for tenth in range(1, 10)), _deciles)
DEFAULT_FEATURES: FeatureSet = (AREA, INTENSITY, DECILES, *(scale_space(sigma) for sigma in (1, 2, 4, 8, 16)))


def statistic_named(name: str) -> Statistic:
    """Return the statistic of this package that has this name.

    Raises
    ------
    ParameterError
        If there is none.
    """
    for statistic in (AREA, INTENSITY, DECILES):
        if statistic.name == name:
            return statistic
    stem, _, sigma = name.rpartition("_")
    if stem == "scale_space" and sigma.isdecimal() and int(sigma) in (1, 2, 4, 8, 16, 32, 64):
        return scale_space(int(sigma))
    raise ParameterError(f"there is no statistic {name!r} in this version of terrazzo; pass your own as features=…")
