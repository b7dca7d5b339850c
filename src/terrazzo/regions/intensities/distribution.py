"""What a model has seen: the intensities of the images that it was fitted on, and how far these differ."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.regions.intensities.image_intensities import ImageIntensities
from terrazzo.wording import counted, from_to

PERCENTS = (0.1, 1.0, 25.0, 50.0, 75.0, 99.0, 99.9)
MEDIAN = PERCENTS.index(50.0)
# nobody has more, and a file may be anybody's: beyond, whole numbers are no floats
MOST_IMAGES = 2**53


@dataclass(frozen=True)
class Figures:
    """Some intensities in figures.

    Parameters
    ----------
    mean, deviation : float
    quantiles : tuple of float
        At `PERCENTS`.
    shape : tuple of float
        Where the quartiles lie between the quantiles at 1 % and 99 %: from 0 to 1, whatever the intensity scale.
    """

    mean: float
    deviation: float
    quantiles: tuple[float, ...]
    shape: tuple[float, ...]

    @classmethod
    def of(cls, levels: NDArray[np.float64]) -> Figures:
        """Return the figures of values (n,)."""
        quantiles = np.percentile(levels, PERCENTS, method="inverted_cdf")
        _, low, *quartiles, high, _ = quantiles.tolist()
        width = high - low
        shape = ((quartile - low) / width if width > 0 else 0.5 for quartile in quartiles)
        return cls(float(levels.mean()), float(levels.std()), tuple(quantiles.tolist()), tuple(shape))

    @classmethod
    def restored(cls, plain: Mapping[str, Any]) -> Figures:
        """Return the figures that JSON gives back.

        Raises
        ------
        KeyError, TypeError, ValueError
            If they are none.
        """
        lists = (tuple(map(float, plain[name])) for name in ("quantiles", "shape"))
        found = cls(float(plain["mean"]), float(plain["deviation"]), *lists)
        if len(found.quantiles) != len(PERCENTS) or len(found.shape) != 3 or not all(map(math.isfinite, found.flat)):
            raise ValueError("the figures of intensities are incomplete")
        return found

    @property
    def flat(self) -> tuple[float, ...]:
        """All of them, in a row."""
        return self.mean, self.deviation, *self.quantiles, *self.shape

    def magnitude(self) -> float:
        """Return how far from 0 the intensities are, as the root of their mean square; 0 where some are negative."""
        return math.hypot(self.mean, self.deviation) if self.quantiles[0] >= 0 else 0.0

    def spread(self) -> float:
        """Return their deviation."""
        return self.deviation

    @classmethod
    def _of_flat(cls, flat: Sequence[float]) -> Figures:
        mean, deviation, *rest = map(float, flat)
        return cls(mean, deviation, tuple(rest[: len(PERCENTS)]), tuple(rest[len(PERCENTS) :]))

    @classmethod
    def extremes(cls, several: Sequence[Figures]) -> tuple[Figures, Figures]:
        """Return the lowest and the highest of each figure."""
        rows = np.array([one.flat for one in several])
        return cls._of_flat(rows.min(axis=0)), cls._of_flat(rows.max(axis=0))


@dataclass(frozen=True)
class SeenChannel:
    """One channel of the images that a model was fitted on.

    Parameters
    ----------
    pooled : Figures
        Of all images together, each of which counts alike.
    lowest, highest : Figures
        The lowest and the highest of each figure among the images.
    """

    pooled: Figures
    lowest: Figures
    highest: Figures


@dataclass(frozen=True)
class Distribution:
    """The intensities of the images that a model was fitted on.

    Parameters
    ----------
    images : int
        How many there were.
    dtypes : tuple of str
        The types of their pixels.
    channels : tuple of SeenChannel
    names : tuple of str or None
        Of the channels, where all images say the same ones.
    """

    images: int
    dtypes: tuple[str, ...]
    channels: tuple[SeenChannel, ...]
    names: tuple[str, ...] | None = None

    @classmethod
    def of(cls, images: Iterable[ImageIntensities | None], names: tuple[str, ...] | None = None) -> Distribution | None:
        """Return the distribution of some images, with the same channels; None if no pixel of theirs counts."""
        known = [image for image in images if image is not None]
        if not known:
            return None
        channels = []
        for levels in zip(*(image.levels for image in known), strict=True):
            extremes = Figures.extremes([Figures.of(own) for own in levels])
            channels.append(SeenChannel(Figures.of(np.concatenate(levels)), *extremes))
        return cls(len(known), tuple(sorted({image.dtype for image in known})), tuple(channels), names)

    @classmethod
    def restored(cls, plain: Mapping[str, Any] | None) -> Distribution | None:
        """Return the distribution that `plain` gave, as JSON gives it back; None of a file without one.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is none.
        """
        if plain is None:
            return None
        channels = [
            SeenChannel(*(Figures.restored(channel[name]) for name in ("pooled", "lowest", "highest")))
            for channel in plain["channels"]
        ]
        images, dtypes = int(plain["images"]), [np.dtype(str(name)) for name in plain["dtypes"]]
        if not 1 <= images < MOST_IMAGES or not dtypes or any(dtype.kind not in "buif" for dtype in dtypes):
            raise ValueError(f"a model has seen {images} images of the types {dtypes}")
        names = plain.get("names")
        if names is not None and len(names) != len(channels):
            raise ValueError(f"a model has seen {len(channels)} channels of {len(names)} names")
        return cls(
            images,
            tuple(dtype.name for dtype in dtypes),
            tuple(channels),
            None if names is None else tuple(map(str, names)),
        )

    def span(self) -> str:
        """Return from where to where nearly all intensities of all channels are."""
        lows, highs = ([getattr(one, end).quantiles for one in self.channels] for end in ("lowest", "highest"))
        return from_to(min(one[0] for one in lows), max(one[-1] for one in highs))

    def text(self) -> str:
        """Return it in a line, such as "8 images of uint8 with intensities 0 to 255, in the median 62 to 160"."""
        spans = (
            f"{from_to(one.lowest.quantiles[0], one.highest.quantiles[-1])}, in the median "
            f"{from_to(one.lowest.quantiles[MEDIAN], one.highest.quantiles[MEDIAN])}"
            for one in self.channels
        )
        return f"{counted(self.images, 'image')} of {' and '.join(self.dtypes)} with intensities {'; '.join(spans)}"

    def plain(self) -> dict[str, Any]:
        """Return it as values of JSON."""
        return asdict(self) | {"percents": PERCENTS}
