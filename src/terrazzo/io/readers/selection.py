"""Which part of a file is opened: one place or a range of places along t, c and z."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from terrazzo.errors import InputError, ParameterError

SELECTABLE = "tcz"

Select: TypeAlias = Mapping[str, int | slice]
"""By the letter of an axis an index, or a slice without a step."""


class Selected(NamedTuple):
    """The part that is opened of an axis of a file, and how long that axis is."""

    axis: str
    start: int
    stop: int
    length: int


Parts: TypeAlias = tuple[Selected, ...]


def selected_parts(path: str, axes: str, shape: Sequence[int], select: Select | None) -> Parts:
    """Return what is opened of the axes that are not opened whole, in the order of the file's axes.

    Parameters
    ----------
    path : str
        The file, for messages.
    axes : str
        The axes of the file.
    shape : sequence of int
        Their lengths.
    select : mapping of str to int or slice, or None
        As for `open_image`.

    Raises
    ------
    ParameterError
        If it names another axis than t, c and z, or something else than an index or a slice without a step.
    InputError
        If the file has no such axis or place.
    """
    lengths = dict(zip(axes, shape, strict=True))
    found = [_part(path, lengths, axis.lower(), wanted) for axis, wanted in (select or {}).items()]
    cut = [part for part in found if part.stop - part.start < part.length]
    return tuple(sorted(cut, key=lambda part: axes.index(part.axis)))


def part_lengths(axes: str, shape: Sequence[int], parts: Parts) -> tuple[int, ...]:
    """Return the lengths of a file's axes once parts of them are selected."""
    taken = {part.axis: part.stop - part.start for part in parts}
    return tuple(taken.get(axis, length) for axis, length in zip(axes, shape, strict=True))


def parts_at(axes: str, shape: Sequence[int], parts: Parts) -> Parts:
    """Return the same parts of another level, whose axes may be shorter; a part is never empty."""
    lengths = dict(zip(axes, shape, strict=True))
    return tuple(_at(part, lengths[part.axis]) for part in parts)


def require_one_time(path: str, axes: str, shape: Sequence[int]) -> None:
    """Raise an InputError if more than one time is left."""
    times = dict(zip(axes, shape, strict=True)).get("t", 1)
    if times > 1:
        raise InputError(
            f"'{path}' is {times} long along its t axis (shape {tuple(shape)}, axes '{axes}'), and an image is of one "
            "time: select one by its index from 0, with select={'t': 0} or --select t=0"
        )


def parse_select(text: str | None) -> dict[str, int | slice] | None:
    """Return what "t=3,z=2:10" selects: an index or a range for each axis.

    Raises
    ------
    ParameterError
        If it is not of this form.
    """
    if not text:
        return None
    found: dict[str, int | slice] = {}
    for word in text.split(","):
        axis, equals, place = (part.strip() for part in word.partition("="))
        try:
            ends = [int(end) if end.strip() else None for end in place.split(":")]
        except ValueError:
            ends = []
        if not equals or axis in found or len(ends) not in (1, 2) or ends == [None]:
            raise ParameterError(
                f"select is '{text}'; give an index or a range from:to for each axis, such as t=3 or t=3,z=10:20"
            )
        found[axis] = ends[0] if len(ends) == 1 and ends[0] is not None else slice(*ends)
    return found


def select_text(parts: Parts) -> str:
    """Return parts as `parse_select` reads them, such as "t=3,z=2:10"; nothing if there are none."""
    one = {part.axis: part.start if part.stop == part.start + 1 else f"{part.start}:{part.stop}" for part in parts}
    return ",".join(f"{axis}={place}" for axis, place in one.items())


def _part(path: str, lengths: Mapping[str, int], axis: str, wanted: int | slice) -> Selected:
    there = f"its axes are {', '.join(f'{name} ({length} long)' for name, length in lengths.items())}"
    if axis not in SELECTABLE or len(axis) != 1:
        raise ParameterError(f"select names '{axis}'; of '{path}' t, c and z can be selected, and {there}")
    if axis not in lengths:
        raise InputError(f"'{path}' has no {axis} axis to select from; {there}")
    length = lengths[axis]
    start, stop = _ends(wanted, length)
    if not 0 <= start < stop <= length:
        what = f"{wanted.start}:{wanted.stop}".replace("None", "") if isinstance(wanted, slice) else wanted
        raise InputError(f"'{path}' has no {axis}={what}; {there}, and indices count from 0")
    return Selected(axis, start, stop, length)


def _ends(wanted: int | slice, length: int) -> tuple[int, int]:
    try:
        if not isinstance(wanted, slice):
            index = operator.index(wanted)
            start = index + length if index < 0 else index
            return start, start + 1
        if wanted.step in (None, 1):
            ends = (0 if wanted.start is None else wanted.start), (length if wanted.stop is None else wanted.stop)
            start, stop = (operator.index(end) for end in ends)
            return (start + length if start < 0 else start), (stop + length if stop < 0 else stop)
    except TypeError:
        pass
    raise ParameterError(f"select has {wanted!r}; give an index or a slice without a step, such as 3 or slice(2, 10)")


def _at(part: Selected, length: int) -> Selected:
    if length == part.length:
        return part
    start = part.start * length // part.length
    stop = max(start + 1, -(-part.stop * length // part.length))
    return Selected(part.axis, start, stop, length)
