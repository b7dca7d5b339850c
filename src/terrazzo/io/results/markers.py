"""Which blocks of a pass are finished: an empty file for each, named after it.

Creating an empty file is one directory operation, so it is whole or not there: under SIGKILL, with several processes
and on network file systems, without a lock. What a block adds to the report is in its name: one listing reads it all.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TypeAlias

Index: TypeAlias = tuple[int, ...]
Counts: TypeAlias = tuple[int, ...]

_NAME = re.compile(r"(\d+(?:-\d+)*)(?:\.(\d+(?:-\d+)*))?")


def marker(folder: Path, index: Index, counts: Counts = ()) -> Path:
    """Return the marker of the block with this index, which need not be there: `3-5`, with counts `3-5.40-90-0`."""
    return folder / ".".join("-".join(map(str, numbers)) for numbers in (index, counts) if numbers)


def read_markers(folder: Path) -> dict[Index, Counts]:
    """Return the counts of each block that has a marker in the folder; of a folder that is not there, none."""
    if not folder.is_dir():
        return {}
    with os.scandir(folder) as entries:
        found = [match for entry in entries if (match := _NAME.fullmatch(entry.name))]
    return {_numbers(match[1]): _numbers(match[2] or "") for match in found}


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split("-"))) if text else ()
