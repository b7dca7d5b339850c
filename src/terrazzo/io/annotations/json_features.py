"""The features of a GeoJSON text one at a time: the text is held, and never all that it says."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from typing import Any

_decoder = json.JSONDecoder()
_spaces = re.compile(r"[ \t\r\n]*")
COLLECTION, FEATURE = "FeatureCollection", "Feature"


def features_of(text: str) -> Iterator[Any]:
    """Yield what stands in the `features` of a FeatureCollection or in a list, or a Feature that stands alone.

    Raises
    ------
    json.JSONDecodeError
        If the text is no JSON; features before the mistake have been yielded.
    ValueError
        If it is JSON and none of the three.
    """
    at = _after_spaces(text, 0)
    if text[at : at + 1] == "[":
        at = yield from _elements(text, at)
    elif text[at : at + 1] == "{":
        at = yield from _members(text, at)
    else:
        _decoder.raw_decode(text, at)  # says so if it is no JSON
        raise ValueError("it is neither a list nor an object")
    if at != len(text):
        raise json.JSONDecodeError("Extra data", text, at)


def _members(text: str, at: int) -> Generator[Any, None, int]:
    """Walk an object at its top level; return where it ends."""
    other: dict[str, Any] = {}
    found = False
    at, last = _first(text, at, "}")
    while not last:
        key, at = _decoder.raw_decode(text, at)
        if not isinstance(key, str):
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
        at = _after_spaces(text, _expect(text, _after_spaces(text, at), ":"))
        if key == "features" and text[at : at + 1] == "[":
            found = True
            at = yield from _elements(text, at)
        else:
            other[key], at = _decoder.raw_decode(text, at)
        at, last = _next(text, at, "}")
    if not found and other.get("type") == FEATURE:
        yield other
    elif not found:
        raise ValueError(f"it is an object of type {str(other.get('type'))[:40]!r} without a list of features")
    return at


def _elements(text: str, at: int) -> Generator[Any, None, int]:
    """Yield the elements of a list; return where it ends."""
    at, last = _first(text, at, "]")
    while not last:
        element, at = _decoder.raw_decode(text, at)
        yield element
        at, last = _next(text, at, "]")
    return at


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
