"""Channels that have changed places, told by their names."""

from __future__ import annotations

from collections.abc import Sequence

from terrazzo.wording import listed


def moved_channels(names: Sequence[str], others: Sequence[str]) -> str | None:
    """Say that channels are in another order than others of the same names; None where nothing shows it.

    Other names say nothing: laboratories call one stain in many ways. Nor do numbers, or a name that comes twice.
    """
    if len(names) != len(others) or len(set(names)) != len(names) or len(set(others)) != len(others):
        return None
    moved = [
        name for place, name in enumerate(names) if name in others and others[place] != name and not name.isdecimal()
    ]
    return f"has the channels {listed(names)}, in another order ({listed(others)})" if moved else None
