"""Colours for classes that have none of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Okabe and Ito's palette, which colour-blind people can tell apart, behind a quiet grey for the first class.
PALETTE = ("#5f6b7a", "#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#f0e442")


def is_colour(text: str | None) -> bool:
    """Whether a text is a colour `#rrggbb`."""
    return re.fullmatch("#[0-9a-fA-F]{6}", text or "") is not None


def class_colours(classes: int, colours: Sequence[str | None]) -> list[str]:
    """Return a colour `#rrggbb` for each class: its own if it has one of this form, or one of the palette."""
    own = [colour if is_colour(colour) else None for colour in colours]
    own += [None] * classes
    return [own[value] or PALETTE[value % len(PALETTE)] for value in range(classes)]
