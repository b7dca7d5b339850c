"""A label image whose values stand for others, such as 255 for class 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import InputError, ParameterError
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.regions.classes.annotation import NOT_ANNOTATED


@dataclass(frozen=True)
class MappedLabels(StoredArray):
    """A handle on a label image of which some values are read as others.

    Values that are not named stay as they are. One that is not named and is what another value becomes is refused where
    it is read, as nobody has said whether they are the same; 255, not annotated, is the exception.

    Attributes
    ----------
    source : StoredArray
        The label image as it is.
    pairs : tuple of (int, int)
        Values of the file and what each becomes, 0 to 255, in the order of the file's.
    """

    source: StoredArray = field(kw_only=True)
    pairs: tuple[tuple[int, int], ...] = field(kw_only=True)

    @classmethod
    def of(cls, source: StoredArray, given: Mapping[int, int]) -> MappedLabels:
        """Return a label image with its values so.

        Raises
        ------
        ParameterError
            If the mapping is empty, or not one of whole numbers to classes or 255.
        """
        pairs = _checked(given)
        dtype = np.promote_types(source.dtype, np.min_scalar_type(max(value for _, value in pairs)))
        same = {own.name: getattr(source, own.name) for own in fields(StoredArray)}
        return cls(**(same | {"dtype": dtype}), source=source, pairs=pairs)

    @property
    def reading(self) -> str:
        """Which values are read as which."""
        return f"{super().reading} {map_text(dict(self.pairs))}"

    def _read(self, windows: tuple[slice, ...], shape: tuple[int, ...]) -> NDArray[Any]:
        found = self.source[windows].reshape(shape)
        held = np.iinfo(found.dtype)
        pairs = [pair for pair in self.pairs if held.min <= pair[0] <= held.max]
        if not pairs:
            self._refuse_mixed(found)
            return found.astype(self.dtype)
        keys = np.array([key for key, _ in pairs], found.dtype)
        values = np.array([value for _, value in pairs], self.dtype)
        place = np.searchsorted(keys, found).clip(max=len(keys) - 1)
        named = keys[place] == found
        self._refuse_mixed(found[~named])
        return np.where(named, values[place], found.astype(self.dtype))

    def _refuse_mixed(self, unnamed: NDArray[Any]) -> None:
        """Raise an InputError if a value that stays as it is is what another becomes."""
        into = {value: key for key, value in reversed(self.pairs) if value not in (key, NOT_ANNOTATED)}
        mixed = unnamed[np.isin(unnamed, [*into])] if unnamed.size and into else unnamed[:0]
        if mixed.size:
            value = int(mixed.min())
            raise InputError(
                f"'{self.path}' holds the value {value}, which the map does not name, and it makes {into[value]} to "
                f"{value}; add {value}={value} if they are the same class, {value}={NOT_ANNOTATED} if {value} is not "
                "annotated"
            )


def map_text(given: Mapping[int, int]) -> str:
    """Return a mapping as the command line writes it, such as "10=0,20=1"."""
    return ",".join(f"{key}={value}" for key, value in given.items())


def _checked(given: Mapping[int, int]) -> tuple[tuple[int, int], ...]:
    whole = isinstance(given, Mapping) and all(
        isinstance(number, int | np.integer) and not isinstance(number, bool)
        for pair in given.items()
        for number in pair
    )
    if not whole or not given or not all(0 <= value <= NOT_ANNOTATED for value in given.values()):
        raise ParameterError(
            f"map is {given}; give whole numbers and the class that each becomes, 0 to {NOT_ANNOTATED - 1}, or "
            f"{NOT_ANNOTATED} for not annotated, such as {{255: 1}}"
        )
    return tuple(sorted((int(key), int(value)) for key, value in given.items()))
