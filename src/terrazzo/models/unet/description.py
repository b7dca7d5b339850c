"""What a U-Net is made of: a network of two paths, a path of levels, a level of convolutions. Plain values only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from terrazzo.errors import ParameterError

PerAxis = int | Sequence[int]


@dataclass(frozen=True)
class Convolution:
    """A convolution with zeros around the image, batch normalisation and ReLU: `channels` come out.

    Parameters
    ----------
    channels : int
    kernel : tuple of int
        Odd lengths along (y, x) or (z, y, x).
    """

    channels: int
    kernel: tuple[int, ...]


@dataclass(frozen=True)
class Level:
    """What happens at one resolution.

    Parameters
    ----------
    factor : tuple of int
        How much coarser (on the way down) or finer (on the way up) it is than the level before it, per axis.
    convolutions : tuple of Convolution
    """

    factor: tuple[int, ...]
    convolutions: tuple[Convolution, ...]

    @property
    def channels(self) -> int:
        """The channels that come out."""
        return self.convolutions[-1].channels


@dataclass(frozen=True)
class Path:
    """Levels in the order in which pixels go through them."""

    levels: tuple[Level, ...]


@dataclass(frozen=True)
class UNetDescription:
    """An encoder and a decoder with a bridge at each resolution (Ronneberger et al. 2015), as JSON could hold it.

    Parameters
    ----------
    inputs : int
        Channels of the image.
    classes : int
        Columns of the logits.
    down : Path
        From the image's resolution, whose factor is 1, to the coarsest. Before each level is a maximum over `factor`.
    up : Path
        Back again. Before each level is a transposed convolution over `factor`, to as many channels as the level of
        the same resolution had on the way down; both together are what its first convolution sees.
    dropout : float
        Share of the channels' pixels dropped after each level in training.

    Raises
    ------
    ParameterError
        If the paths do not fit each other, or a value is out of range.
    """

    inputs: int
    classes: int
    down: Path
    up: Path
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.inputs < 1 or self.classes < 1:
            raise ParameterError(f"a U-Net has {self.inputs} inputs and {self.classes} classes; it needs at least 1")
        if not 0 <= self.dropout < 1:
            raise ParameterError(f"dropout of a U-Net is {self.dropout}; it must be at least 0 and below 1")
        _check_levels(self.down.levels + self.up.levels)
        first, *others = (level.factor for level in self.down.levels)
        if set(first) != {1} or [level.factor for level in self.up.levels] != others[::-1]:
            raise ParameterError("the two paths of a U-Net differ; the way up must undo each factor of the way down")

    @property
    def axes(self) -> int:
        """The number of spatial axes."""
        return len(self.down.levels[0].factor)

    @property
    def depth(self) -> int:
        """How often the resolution falls."""
        return len(self.up.levels)

    @property
    def stride(self) -> tuple[int, ...]:
        """Pixels along each axis that one pixel of the coarsest level covers."""
        return tuple(math.prod(factors) for factors in zip(*(level.factor for level in self.down.levels), strict=True))


def unet_description(
    inputs: int,
    classes: int,
    *,
    axes: int = 2,
    base: int = 16,
    depth: int = 4,
    convolutions: int = 2,
    kernels: PerAxis | Sequence[PerAxis] = 3,
    pools: PerAxis | Sequence[PerAxis] = 2,
    dropout: float = 0.0,
) -> UNetDescription:
    """Return the U-Net of Ronneberger et al. in one width; with `base=64` it is the original, padded.

    Parameters
    ----------
    inputs, classes, dropout
        As for `UNetDescription`.
    axes : int
        2 for images, 3 for volumes.
    base : int
        Channels of the finest level; each coarser level has twice as many.
    depth : int
        How often the resolution falls.
    convolutions : int
        At each level, on the way down and up.
    kernels, pools : int, or per level an int or one int per axis
        Odd lengths of the convolutions, the finest level first (`depth + 1` entries), and factors between the levels
        (`depth` entries). One number serves all; so does one entry, as in `[(1, 3, 3)]`.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """
    for name, value in (("axes", axes - 1), ("base", base), ("depth", depth), ("convolutions", convolutions)):
        if not isinstance(value, int) or value < 1:
            raise ParameterError(f"{name} of a U-Net is too small; axes must be 2 or 3 and the others at least 1")
    kernel_of = _per_level("kernels", kernels, depth + 1, axes)
    pool_of = _per_level("pools", pools, depth, axes)

    def level(number: int, factor: tuple[int, ...]) -> Level:
        return Level(factor, (Convolution(base * 2**number, kernel_of[number]),) * convolutions)

    down = (level(0, (1,) * axes), *(level(i + 1, pool_of[i]) for i in range(depth)))
    up = (level(i, pool_of[i]) for i in reversed(range(depth)))
    return UNetDescription(inputs, classes, Path(down), Path(tuple(up)), float(dropout))


def described(plain: Mapping[str, Any]) -> UNetDescription:
    """Return the description that `dataclasses.asdict` and JSON made plain."""
    down, up = (Path(tuple(map(_level, plain[path]["levels"]))) for path in ("down", "up"))
    return UNetDescription(plain["inputs"], plain["classes"], down, up, plain["dropout"])


def _level(plain: Mapping[str, Any]) -> Level:
    made = (Convolution(one["channels"], tuple(one["kernel"])) for one in plain["convolutions"])
    return Level(tuple(plain["factor"]), tuple(made))


def _per_level(name: str, given: Any, levels: int, axes: int) -> list[tuple[int, ...]]:
    """Return one int per axis for each level."""
    entries = [given] * levels if isinstance(given, int) else list(given)
    entries = entries * levels if len(entries) == 1 else entries
    whole = [(entry,) * axes if isinstance(entry, int) else tuple(entry) for entry in entries]
    if len(whole) != levels or any(len(entry) != axes for entry in whole):
        raise ParameterError(
            f"{name} of a U-Net are {given}; give one number, or {levels} entries (one per level) of {axes} numbers"
        )
    return whole


def _check_levels(levels: Sequence[Level]) -> None:
    for level in levels:
        if not level.convolutions or min(level.factor) < 1:
            raise ParameterError(f"a level of a U-Net is {level}; it needs a convolution and factors of at least 1")
        for convolution in level.convolutions:
            odd = all(length > 0 and length % 2 for length in convolution.kernel)
            if not odd or convolution.channels < 1 or len(convolution.kernel) != len(level.factor):
                raise ParameterError(
                    f"a convolution of a U-Net is {convolution}; its kernel must be odd along each axis, and its "
                    "channels at least 1"
                )
