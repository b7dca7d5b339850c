"""What of a network is inherited along a tree of genes: a value at the root, and how far genes below may move it."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass
from typing import Any

import numpy as np

from terrazzo.errors import ParameterError
from terrazzo.settings import Settings, check_names

Value = Any
"""A number, or a choice: a number, a word, or a tuple of numbers."""


@dataclass(frozen=True)
class Parameter(Settings):
    """What all parameters of genes have in common.

    Parameters
    ----------
    name : str
    deltas : tuple of float
        By how much a gene may move the value at most, up or down: those of the lowest genes first, height 0, then those
        above. Genes that are higher move nothing.
    """

    name: str
    _: KW_ONLY
    deltas: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "deltas", tuple(self.deltas))
        if any(not delta >= 0 or math.isinf(delta) for delta in self.deltas):
            raise ParameterError(f"deltas of {self.name} are {list(self.deltas)}; each must be at least 0")
        if self.steps and any(delta != int(delta) for delta in self.deltas):
            raise ParameterError(f"deltas of {self.name} are {list(self.deltas)}; they must be whole numbers")

    @property
    @abstractmethod
    def steps(self) -> bool:
        """Whether genes move it by whole numbers."""

    @property
    @abstractmethod
    def least(self) -> Value:
        """The smallest value."""

    @property
    @abstractmethod
    def ends(self) -> tuple[Value, ...]:
        """The values between which all others are, or all where they are in no order."""

    @abstractmethod
    def drawn(self, rng: np.random.Generator) -> Value:
        """Return a random value for the root."""

    @abstractmethod
    def moved(self, root: Value, total: float) -> Value:
        """Return the value at a gene: that of the root and the sum of all deltas down to it, clipped to the range."""

    @abstractmethod
    def holds(self, value: Value) -> bool:
        """Whether it may be a value."""

    @abstractmethod
    def said(self) -> str:
        """Return its values in words."""

    def delta(self, height: int) -> float:
        """Return by how much genes of a height may move it."""
        return self.deltas[height] if height < len(self.deltas) else 0

    def drawn_delta(self, height: int, rng: np.random.Generator) -> float:
        """Return a random delta for a gene of this height."""
        most = self.delta(height)
        return (
            int(rng.integers(-int(most), int(most), endpoint=True)) if self.steps else float(rng.uniform(-most, most))
        )

    def plain(self) -> dict[str, Any]:
        """Return it as values of JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Range(Parameter):
    """A number between two others, both included.

    Parameters
    ----------
    name, deltas
        As for `Parameter`: to be added or, on a logarithmic scale, octaves, the powers of 2 to multiply by.
    low, high : float
        The range at the root, which holds for all genes.
    log : bool
        Whether it is drawn on a logarithmic scale.
    whole : bool
        Whether it is a whole number.

    Raises
    ------
    ParameterError
        If the range is upside down, or a value is none.
    """

    low: float
    high: float
    _: KW_ONLY
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = self.low, self.high
        if not low <= high:
            raise ParameterError(f"{self.name} goes from {low:g} to {high:g}; the lower end comes first")
        if not all(map(math.isfinite, (low, high))) or (self.log and low <= 0):
            raise ParameterError(
                f"{self.name} goes from {low:g} to {high:g}; both must be finite, above 0 on a logarithmic scale"
            )
        if self.whole and (low != int(low) or high != int(high)):
            raise ParameterError(f"{self.name} goes from {low:g} to {high:g}; both must be whole numbers")
        kind = int if self.whole else float
        for name in ("low", "high"):
            object.__setattr__(self, name, kind(getattr(self, name)))

    @property
    def steps(self) -> bool:
        """Whether genes move it by whole numbers."""
        return self.whole and not self.log

    @property
    def least(self) -> float:
        """The smallest value."""
        return self.low

    @property
    def ends(self) -> tuple[Value, ...]:
        """The lower and the upper end."""
        return self.low, self.high

    def drawn(self, rng: np.random.Generator) -> float:
        """Return a random value for the root."""
        if self.steps:
            return int(rng.integers(int(self.low), int(self.high), endpoint=True))
        if not self.log:
            return float(rng.uniform(self.low, self.high))
        return self._clipped(2 ** rng.uniform(math.log2(self.low), math.log2(self.high)))

    def moved(self, root: float, total: float) -> float:
        """Return the value at a gene."""
        return self._clipped(root * 2**total if self.log else root + total)

    def holds(self, value: Value) -> bool:
        """Whether it may be a value."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and self.low <= value <= self.high and (not self.whole or value == int(value))

    def said(self) -> str:
        """Return its values in words."""
        scale = f"{', whole' if self.whole else ''}{', logarithmic' if self.log else ''}"
        return f"{number_text(self.low)} to {number_text(self.high)}{scale}"

    def _clipped(self, value: float) -> float:
        clipped = min(max(value, self.low), self.high)
        return round(clipped) if self.whole else float(clipped)


@dataclass(frozen=True)
class Choice(Parameter):
    """One of several values.

    Parameters
    ----------
    name, deltas
        As for `Parameter`: steps along the choices.
    choices : sequence
        In order, what takes least first; numbers, words or tuples of numbers.

    Raises
    ------
    ParameterError
        If there are none, or one is there twice.
    """

    choices: Sequence[Value]

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "choices", tuple(map(_frozen, self.choices)))
        if not self.choices or len(set(self.choices)) < len(self.choices):
            raise ParameterError(f"choices of {self.name} are {list(self.choices)}; give at least one, each once")

    @property
    def steps(self) -> bool:
        """Whether genes move it by whole numbers."""
        return True

    @property
    def least(self) -> Value:
        """The first of the choices."""
        return self.choices[0]

    @property
    def ends(self) -> tuple[Value, ...]:
        """All choices."""
        return tuple(self.choices)

    def drawn(self, rng: np.random.Generator) -> Value:
        """Return a random value for the root."""
        return self.choices[int(rng.integers(len(self.choices)))]

    def moved(self, root: Value, total: float) -> Value:
        """Return the value at a gene."""
        place = self.choices.index(_frozen(root)) + int(total)
        return self.choices[min(max(place, 0), len(self.choices) - 1)]

    def holds(self, value: Value) -> bool:
        """Whether it may be a value."""
        return _frozen(value) in self.choices

    def said(self) -> str:
        """Return its values in words."""
        return " or ".join(map(str, self.choices))


def parameter_of(plain: Mapping[str, Any]) -> Parameter:
    """Return what `plain` gave, as JSON gives it back: what has choices is a `Choice`, else it is a `Range`.

    Raises
    ------
    ParameterError
        If it is neither.
    """
    if not isinstance(plain, Mapping) or "name" not in plain:
        raise ParameterError(f"a parameter is {plain!r}; give its name, and low and high or choices")
    kind = Choice if "choices" in plain else Range
    check_names(plain, kind)
    try:
        return kind(**plain)
    except TypeError as error:
        raise ParameterError(f"the parameter {plain['name']} is {dict(plain)}; give numbers ({error})") from error


def number_text(number: float) -> str:
    """Return a number in as few digits as tell it from others."""
    short = f"{number:g}"
    return short if float(short) == number else repr(number)


def _frozen(value: Value) -> Value:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
