"""The classes of an annotation as a table on disk: names and colours."""

from __future__ import annotations

import csv
from pathlib import Path

from terrazzo.errors import InputError

NAMES = ("name", "class", "label")
COLOURS = ("colour", "color", "hex")
CHANNELS = (("r", "g", "b"), ("red", "green", "blue"))


def read_class_table(path: str | Path) -> list[str] | dict[str, str]:
    """Read a CSV with a class per row, in the order of the values: names, and `#rrggbb` of each if it has colours.

    Columns are `name` and `colour` (or `color`), or `name`, `r`, `g` and `b` from 0 to 255.

    Raises
    ------
    InputError
        If there is no such file, it has no column of names or no row, a name comes twice, or a colour is none.
    """
    try:
        with Path(path).expanduser().open(encoding="utf-8-sig", newline="") as file:
            rows = [
                {str(key).strip().lower(): value.strip() for key, value in row.items() if isinstance(value, str)}
                for row in csv.DictReader(file, skipinitialspace=True)
            ]
    except FileNotFoundError as error:
        raise InputError(f"there is no file at '{path}'; give a CSV with a class per row, or names") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"'{path}' is no CSV ({error}); save it as text in UTF-8 with commas") from error
    if not rows:
        raise InputError(f"'{path}' names no class; write a line 'name,colour' and one for each class")
    named = next((name for name in NAMES if name in rows[0]), None)
    if named is None:
        raise InputError(f"'{path}' has the columns {', '.join(rows[0])}; it needs name, and colour or r, g and b")
    names = [row[named] for row in rows]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"'{path}' names the class '{twice}' twice; give each class one row")
    colours = [_colour(path, row) for row in rows]
    known = dict(zip(names, filter(None, colours), strict=False))
    return known if all(colours) else names


def _colour(path: str | Path, row: dict[str, str]) -> str | None:
    """Return the colour of a row as #rrggbb; what is no such text is checked where it is used. None if it has none."""
    for column in COLOURS:
        if column in row:
            text = row[column]
            return text if text.startswith("#") else f"#{text}"
    for columns in CHANNELS:
        if all(column in row for column in columns):
            values = [row[column] for column in columns]
            if not all(value.isdecimal() and int(value) <= 255 for value in values):
                raise InputError(f"'{path}' has the colour {', '.join(values)}; each is a whole number from 0 to 255")
            return "#" + "".join(f"{int(value):02x}" for value in values)
    return None
