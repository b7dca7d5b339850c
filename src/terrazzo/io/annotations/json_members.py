"""What a JSON text says, one element of its long lists at a time: the text is held, and never all that it says."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

_decoder = json.JSONDecoder()
_spaces = re.compile(r"[ \t\r\n]*")


class Member(NamedTuple):
    """A value in an object, or an element of a list in it, and where in the text it begins and ends."""

    key: str
    value: Any
    start: int
    end: int


def members_of(text: str, streamed: Collection[str], lists: set[str] | None = None) -> Iterator[Member]:
    """Yield the members of the object that a text is; of lists under the keys `streamed`, each element by itself.

    Parameters
    ----------
    text : str
        JSON.
    streamed : collection of str
        Keys of the object.
    lists : set of str, optional
        Gets those of `streamed` under which there is a list, though it may be empty.

    Raises
    ------
    json.JSONDecodeError
        If the text is no JSON; what stands before the mistake has been yielded.
    ValueError
        If it is JSON and no object.
    """
    at = _after_spaces(text, 0)
    if text[at : at + 1] != "{":
        _decoder.raw_decode(text, at)  # says so if it is no JSON
        raise ValueError("it is no object")
    at, last = _first(text, at, "}")
    while not last:
        key, at = _decoder.raw_decode(text, at)
        if not isinstance(key, str):
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
        at = _after_spaces(text, _expect(text, _after_spaces(text, at), ":"))
        if key in streamed and text[at : at + 1] == "[":
            if lists is not None:
                lists.add(key)
            at, ended = _first(text, at, "]")
            while not ended:
                start = at
                value, at = _decoder.raw_decode(text, at)
                yield Member(key, value, start, at)
                at, ended = _next(text, at, "]")
        else:
            start = at
            value, at = _decoder.raw_decode(text, at)
            yield Member(key, value, start, at)
        at, last = _next(text, at, "}")
    _refuse_more(text, at)


def elements_of(text: str) -> Iterator[Any]:
    """Yield the elements of the list that a text is.

    Raises
    ------
    json.JSONDecodeError
        If the text is no JSON list; elements before the mistake have been yielded.
    """
    at, last = _first(text, _expect(text, _after_spaces(text, 0), "[") - 1, "]")
    while not last:
        value, at = _decoder.raw_decode(text, at)
        yield value
        at, last = _next(text, at, "]")
    _refuse_more(text, at)


def is_list(text: str) -> bool:
    """Whether a text begins as a JSON list does."""
    at = _after_spaces(text, 0)
    return text[at : at + 1] == "["


def value_at(text: str, start: int) -> Any:
    """Return the value that begins at a place of a JSON text."""
    return _decoder.raw_decode(text, start)[0]


def _refuse_more(text: str, at: int) -> None:
    if at != len(text):
        raise json.JSONDecodeError("Extra data", text, at)


def _first(text: str, at: int, end: str) -> tuple[int, bool]:
    """Step over an opening bracket; return where what is inside begins; of an empty one what follows, and True."""
    at = _after_spaces(text, at + 1)
    return (_after_spaces(text, at + 1), True) if text[at : at + 1] == end else (at, False)


def _next(text: str, at: int, end: str) -> tuple[int, bool]:
    """Step over a comma, or over the closing bracket."""
    at = _after_spaces(text, at)
    if text[at : at + 1] == end:
        return _after_spaces(text, at + 1), True
    return _after_spaces(text, _expect(text, at, ",")), False


def _expect(text: str, at: int, sign: str) -> int:
    if text[at : at + 1] != sign:
        raise json.JSONDecodeError(f"Expecting '{sign}' delimiter", text, at)
    return at + 1


def _after_spaces(text: str, at: int) -> int:
    found = _spaces.match(text, at)
    return found.end() if found else at
