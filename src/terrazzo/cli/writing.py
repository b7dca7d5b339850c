"""What a command leaves behind and prints: a group of options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from terrazzo.cli.options import Json, Overwrite


@dataclass(frozen=True)
class Writing:
    """What happens to what is at the output path, and how figures are printed."""

    TITLE: ClassVar = "Output"

    overwrite: Overwrite = False
    json: Json = False
