"""How a comparison splits, what it grants each method, and along what it measures more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias

from terrazzo.errors import ParameterError
from terrazzo.settings import Settings
from terrazzo.training.rules.training import check_seconds, check_seed

SplitBy: TypeAlias = Literal["image", "group", "region"]
Groups: TypeAlias = str | Path | Mapping[str, str]
MethodSettings: TypeAlias = Mapping[str, Any] | Settings | Sequence[Settings]
WHAT = {"image": "images", "group": "groups", "region": "regions"}


@dataclass(frozen=True, kw_only=True)
class Splitting(Settings):
    """How images are split into training, validation and test: alike for all methods.

    Parameters
    ----------
    by : {"image", "group", "region"}
        What is on one side only: images, groups of images, or regions of images.
    groups : str, path or mapping, optional
        With "group": a regular expression whose parenthesis is the group in an image's name, a CSV file with the
        columns name and group, or a mapping. An empty group leaves an image out.
    folds : int
        1 tests on about a quarter of the annotated pixels; more test on each unit once.
    gap : int
        With "region": the pixels between regions on different sides that are on neither.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    by: SplitBy = "image"
    groups: Groups | None = None
    folds: int = 1
    gap: int = 64

    def __post_init__(self) -> None:
        if self.by not in WHAT:
            raise ParameterError(f"split is {self.by!r}; it must be 'image', 'group' or 'region'")
        if (self.groups is None) == (self.by == "group"):
            raise ParameterError("groups and split='group' go together; give both or neither")
        if self.folds < 1:
            raise ParameterError(f"folds is {self.folds}; give 1 for one split, or how many times to split")
        if self.gap < 0:
            raise ParameterError(f"gap is {self.gap}; it must be at least 0")


@dataclass(frozen=True, kw_only=True)
class Limits(Settings):
    """What each method is granted; its own settings go before.

    Parameters
    ----------
    seconds : float, optional
        The most seconds of training, for each method.
    epochs : int, optional
        The most epochs of a network, by default the network's own.
    seed : int
    device : str
        "auto", "cpu", "cuda" or "cuda:0".

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    seconds: float | None = None
    epochs: int | None = None
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        check_seconds(self.seconds)
        check_seed(self.seed)
        if self.epochs is not None and self.epochs < 1:
            raise ParameterError(f"epochs is {self.epochs}; it must be at least 1, or left out for each network's own")


@dataclass(frozen=True, kw_only=True)
class Sweeps(Settings):
    """Along what a comparison measures more than one point.

    Parameters
    ----------
    sizes : sequence of int
        Sizes of superpixels at which the network on them is fitted on the first fold, for the trade-off; () for none.
    sides : sequence of int
        Sides in pixels of the images on which memory is measured, but those that would take more than three minutes;
        () for none.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    sizes: Sequence[int] = (4, 8, 16, 32)
    sides: Sequence[int] = (1024, 2048, 4096, 8192)

    def __post_init__(self) -> None:
        for name, least in (("sizes", 2), ("sides", 1)):
            lengths = tuple(int(length) for length in getattr(self, name))
            object.__setattr__(self, name, lengths)
            if any(length < least for length in lengths):
                raise ParameterError(f"{name} are {list(lengths)}; each must be at least {least} pixels")


def flat_settings(given: MethodSettings) -> dict[str, Any]:
    """Return the settings of a method by name: as given, or what values have that is not a default."""
    if isinstance(given, Mapping):
        return dict(given)
    values: Sequence[Any] = [given] if isinstance(given, Settings) else list(given)
    pairs = [(field, getattr(value, field.name)) for value in values for field in fields(value)]
    return {field.name: value for field, value in pairs if value != field.default}
