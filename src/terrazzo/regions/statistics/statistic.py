"""What a statistic is: its name, its columns, and how it is computed from the regions that it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.kernels.measures.run_sums import Runs

# Bytes per pixel of four filter responses.
_RESPONSES = 16


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of a block as a statistic sees them: each of them whole, with image around.

    Parameters
    ----------
    image : ndarray of float32, shape (y, x) or (z, y, x), with (c, …) in front if a statistic is not per channel
        Intensities. Along y and x there is at least the statistic's `radius` around every region, or the image's
        border, and they start at a multiple of its `alignment` in the whole image. Along z nothing is promised
        beyond the regions.
    index : ndarray of int32, shape (y, x) or (z, y, x)
        The region of each pixel, counted from 0; -1 is none.
    area : ndarray of int64, shape (N,)
        Pixels of each region.
    origin : tuple of int
        The pixel of the whole image at which `image` and `index` start.
    runs : Runs, optional
        The runs of `index` as a volume, if whoever makes this has found them for other statistics as well.
    """

    image: NDArray[np.float32]
    index: NDArray[np.int32]
    area: NDArray[np.int64]
    origin: tuple[int, ...]
    runs: Runs | None = None

    @property
    def as_volume(self) -> Regions:
        """The same regions with three spatial axes: an image is a volume of depth 1."""
        missing = (1,) * (3 - self.index.ndim)
        channels, spatial = self.image.shape[: -self.index.ndim], missing + self.index.shape
        image, index = self.image.reshape(channels + spatial), self.index.reshape(spatial)
        return Regions(image, index, self.area, (0,) * len(missing) + self.origin, self.runs)

    @property
    def found_runs(self) -> Runs:
        """The runs of a volume's regions."""
        return Runs.of(self.index) if self.runs is None else self.runs


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
        How many pixels around a region it looks at, along y and x.
    alignment : int
        The multiple of pixels, in the whole image, at which its image has to start, along y and x.
    per_channel : bool
        Whether it is computed for one channel at a time.
    response_bytes : int, optional
        Bytes per pixel of the image that computing it holds beside image and regions, for plans of memory. Without it,
        16 if it looks around its regions (four filter responses) and else 0.
    directed : bool
        Whether its numbers change where the image is turned or mirrored, as a position or an angle does: then training
        turns nothing.
    """

    name: str
    columns: tuple[str, ...]
    # kept out of the repr, which fingerprints hash: a function's holds its address in this process
    compute: Callable[[Regions], NDArray[np.float32]] = field(repr=False)
    radius: int = 0
    alignment: int = 1
    per_channel: bool = True
    # kept out of the repr as well: they decide no number
    response_bytes: int | None = field(default=None, repr=False)
    directed: bool = field(default=False, repr=False)

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

    @property
    def bytes_per_pixel(self) -> int:
        """Bytes per pixel of the image that computing it holds beside image and regions."""
        if self.response_bytes is None:
            return _RESPONSES if self.radius else 0
        return self.response_bytes

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
    """Return the names of all columns of a feature set on an image with `channels` channels.

    Raises
    ------
    ParameterError
        If two of them are the same.
    """
    names = tuple(
        f"{column}_{channel}" if statistic.per_channel else column
        for statistic in features
        for channel in range(channels if statistic.per_channel else 1)
        for column in statistic.columns
    )
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ParameterError(
            f"the features {', '.join(statistic.name for statistic in features)} give the column '{twice}' twice; "
            "take one of the statistics that give it"
        )
    return names
