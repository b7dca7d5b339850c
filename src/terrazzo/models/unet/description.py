"""What a U-Net is made of: a network of two paths, a path of levels, a level of convolutions. Plain values only."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from terrazzo.errors import ParameterError

PerAxis = int | Sequence[int]
Kernels = int | Sequence[PerAxis | Sequence[PerAxis]]


class Described:
    """Values whose text has no word of what they are without: what came later changes no fingerprint of before."""

    def __repr__(self) -> str:
        given = {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]
        said = ", ".join(f"{name}={value!r}" for name, value in given.items() if value is not None)
        return f"{type(self).__name__}({said})"


@dataclass(frozen=True, repr=False)
class Convolution(Described):
    """A convolution with zeros around the image, batch normalisation and ReLU: `channels` come out.

    Parameters
    ----------
    channels : int
    kernel : tuple of int
        Odd lengths along (y, x) or (z, y, x).
    dilation : tuple of int, optional
        How many pixels lie between the places of the kernel, per axis; without it these are neighbours.
    """

    channels: int
    kernel: tuple[int, ...]
    dilation: tuple[int, ...] | None = None

    @property
    def steps(self) -> tuple[int, ...]:
        """Pixels from each place of the kernel to the next, per axis."""
        return (1,) * len(self.kernel) if self.dilation is None else self.dilation

    @property
    def radius(self) -> tuple[int, ...]:
        """How many pixels around a pixel it reads, per axis."""
        return tuple(length // 2 * step for length, step in zip(self.kernel, self.steps, strict=True))


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
class Pyramid:
    """A spatial pyramid: convolutions side by side, such as dilated ones, whose outcomes are added, and a head.

    It reads the features of the finest level together with the logits that follow from them, and its own logits stand
    in the place of these.

    Parameters
    ----------
    branches : tuple of Convolution
        With equal channels.
    """

    branches: tuple[Convolution, ...]

    @property
    def channels(self) -> int:
        """The channels that come out, before the head."""
        return self.branches[0].channels

    def radius(self, axis: int) -> int:
        """Return how many pixels around a pixel it reads along an axis."""
        return max(branch.radius[axis] for branch in self.branches)


MOST_STEPS, MOST_RADIUS = 20, 10

DILATIONS = (1, 2, 4)


@dataclass(frozen=True)
class MeanField:
    """Steps of a mean field in which each pixel hears those in a window around it, after the last logits.

    Parameters
    ----------
    steps : int
    radius : tuple of int
        Of the window, per axis.
    """

    steps: int
    radius: tuple[int, ...]


@dataclass(frozen=True, repr=False)
class UNetDescription(Described):
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
    pyramid : Pyramid, optional
        What reads the way up's features and logits.
    crf : MeanField, optional
        What comes last.

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
    pyramid: Pyramid | None = None
    crf: MeanField | None = None

    def __post_init__(self) -> None:
        if self.inputs < 1 or self.classes < 1:
            raise ParameterError(f"a U-Net has {self.inputs} inputs and {self.classes} classes; it needs at least 1")
        if not 0 <= self.dropout < 1:
            raise ParameterError(f"dropout of a U-Net is {self.dropout}; it must be at least 0 and below 1")
        _check_levels(self.down.levels + self.up.levels)
        first, *others = (level.factor for level in self.down.levels)
        if set(first) != {1} or [level.factor for level in self.up.levels] != others[::-1]:
            raise ParameterError("the two paths of a U-Net differ; the way up must undo each factor of the way down")
        if self.pyramid is not None:
            _check_pyramid(self.pyramid, self.axes)
        if self.crf is not None:
            _check_mean_field(self.crf, self.axes)

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
    kernels: Kernels = 3,
    pools: PerAxis | Sequence[PerAxis] = 2,
    dropout: float = 0.0,
    pyramid: int = 0,
    dilations: PerAxis | Sequence[PerAxis] = DILATIONS,
    crf: int = 0,
    crf_radius: PerAxis = 2,
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
        (`depth` entries). One number serves all; so does one entry, as in `[(1, 3, 3)]`. A level's entry of kernels may
        also be a list, of one per convolution: `[[(1, 3, 3), (3, 3, 3)]]` mixes both in each stack, `[[(3,), (5,)]]`
        two lengths.
    pyramid : int
        Channels of a spatial pyramid on top, whose convolutions have kernels of 3; 0 is none.
    dilations : sequence of int, or of one int per axis
        For each of the pyramid's branches how far apart the places of its kernel are. A single number is along y and x:
        sections stay neighbours.
    crf : int
        Steps of a mean field at the end; 0 is none.
    crf_radius : int or one int per axis
        Of the window in which pixels hear each other. A single number is along y and x: sections do not hear.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """
    for name, value in (("axes", axes - 1), ("base", base), ("depth", depth), ("convolutions", convolutions)):
        if not isinstance(value, int) or value < 1:
            raise ParameterError(f"{name} of a U-Net is too small; axes must be 2 or 3 and the others at least 1")
    kernel_of = _stacks(kernels, depth + 1, axes, convolutions)
    pool_of = _per_level("pools", pools, depth, axes)

    def level(number: int, factor: tuple[int, ...]) -> Level:
        return Level(factor, tuple(Convolution(base * 2**number, kernel) for kernel in kernel_of[number]))

    down = (level(0, (1,) * axes), *(level(i + 1, pool_of[i]) for i in range(depth)))
    up = (level(i, pool_of[i]) for i in reversed(range(depth)))
    top, field = pyramid_of(pyramid, axes, dilations), mean_field_of(crf, crf_radius, axes)
    return UNetDescription(inputs, classes, Path(down), Path(tuple(up)), float(dropout), top, field)


def pyramid_of(channels: int, axes: int, dilations: PerAxis | Sequence[PerAxis] = DILATIONS) -> Pyramid | None:
    """Return a pyramid of so many channels; None of 0. Its arguments are those of `unet_description`."""
    if not channels:
        return None
    branches = [dilations] if isinstance(dilations, int) else dilations
    apart = (_in_plane("dilations", entry, axes, 1) for entry in branches)
    return Pyramid(tuple(Convolution(channels, (3,) * axes, one) for one in apart))


def mean_field_of(steps: int, radius: PerAxis, axes: int) -> MeanField | None:
    """Return a mean field of so many steps; None of 0. Its arguments are those of `unet_description`."""
    return MeanField(steps, _in_plane("crf_radius", radius, axes, 0)) if steps else None


def plain(description: UNetDescription) -> dict[str, Any]:
    """Return a description as values of JSON, without what it does not have."""
    return asdict(description, dict_factory=lambda items: {name: value for name, value in items if value is not None})


def described(plain: Mapping[str, Any]) -> UNetDescription:
    """Return the description that `plain` and JSON made of one, of this version or one before."""
    down, up = (Path(tuple(map(_level, plain[path]["levels"]))) for path in ("down", "up"))
    pyramid, crf = plain.get("pyramid"), plain.get("crf")
    return UNetDescription(
        plain["inputs"],
        plain["classes"],
        down,
        up,
        plain["dropout"],
        Pyramid(tuple(map(_convolution, pyramid["branches"]))) if pyramid else None,
        MeanField(crf["steps"], tuple(crf["radius"])) if crf else None,
    )


def _level(plain: Mapping[str, Any]) -> Level:
    return Level(tuple(plain["factor"]), tuple(map(_convolution, plain["convolutions"])))


def _convolution(plain: Mapping[str, Any]) -> Convolution:
    dilation = plain.get("dilation")
    return Convolution(plain["channels"], tuple(plain["kernel"]), tuple(dilation) if dilation else None)


def _stacks(given: Kernels, levels: int, axes: int, convolutions: int) -> list[tuple[tuple[int, ...], ...]]:
    """Return for each level the kernel of each of its convolutions."""
    entries: list[Any] = [given] if isinstance(given, int) else list(given)
    stacks: list[Any] = [entry if _is_stack(entry) else [entry] * convolutions for entry in entries]
    if any(len(stack) != convolutions for stack in stacks):
        raise ParameterError(
            f"kernels of a U-Net are {given}; a level with one kernel per convolution needs {convolutions} of them"
        )
    each = (
        _per_level("kernels", given if isinstance(given, int) else [stack[place] for stack in stacks], levels, axes)
        for place in range(convolutions)
    )
    return list(zip(*each, strict=True))


def _is_stack(entry: Any) -> bool:
    return not isinstance(entry, int) and any(not isinstance(one, int) for one in entry)


def _in_plane(name: str, given: PerAxis, axes: int, along_z: int) -> tuple[int, ...]:
    """Return one int per axis: a single one is along y and x."""
    whole = (along_z,) * (axes - 2) + (given,) * 2 if isinstance(given, int) else tuple(given)
    if len(whole) != axes or not all(isinstance(one, int) for one in whole):
        raise ParameterError(f"{name} of a U-Net are {given}; give one number, or {axes} of them, one per axis")
    return whole


def _per_level(name: str, given: Any, levels: int, axes: int) -> list[tuple[int, ...]]:
    """Return one int per axis for each level."""
    entries = [given] * levels if isinstance(given, int) else list(given)
    entries = entries * levels if len(entries) == 1 else entries
    whole = [(entry,) if isinstance(entry, int) else tuple(entry) for entry in entries]
    whole = [entry * axes if len(entry) == 1 else entry for entry in whole]
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
            _check_convolution(convolution, len(level.factor))


def _check_convolution(one: Convolution, axes: int) -> None:
    odd = all(length > 0 and length % 2 for length in one.kernel)
    if not odd or one.channels < 1 or {len(one.kernel), len(one.steps)} != {axes} or min(one.steps) < 1:
        raise ParameterError(
            f"a convolution of a U-Net is {one}; its kernel must be odd along each axis, its channels at least 1, and "
            "a dilation at least 1 along each axis"
        )


def _check_pyramid(pyramid: Pyramid, axes: int) -> None:
    if len({branch.channels for branch in pyramid.branches}) != 1:
        raise ParameterError(f"{pyramid} of a U-Net must have branches, all with as many channels")
    for branch in pyramid.branches:
        _check_convolution(branch, axes)


def _check_mean_field(crf: MeanField, axes: int) -> None:
    radii = len(crf.radius) == axes and all(0 <= one <= MOST_RADIUS for one in crf.radius) and any(crf.radius)
    if not radii or not 1 <= crf.steps <= MOST_STEPS:
        raise ParameterError(
            f"{crf} of a U-Net must have 1 to {MOST_STEPS} steps and along each axis a radius of 0 to {MOST_RADIUS}, "
            "above 0 along one"
        )
