"""Sizes of pixels with their units: how many times larger one is than another."""

from __future__ import annotations

import math
from collections.abc import Sequence

MICROMETRE = "micrometer"
# Prefixes that units of length are made with, as in OME-NGFF.
PREFIXES = {
    "kilo": 1e3,
    "": 1.0,
    "deci": 1e-1,
    "centi": 1e-2,
    "milli": 1e-3,
    "micro": 1e-6,
    "nano": 1e-9,
    "pico": 1e-12,
}
METRES = {f"{prefix}meter": length for prefix, length in PREFIXES.items()} | {"angstrom": 1e-10, "inch": 0.0254}
# How files and people write units.
SPELLINGS = {
    **dict.fromkeys(("µm", "μm", "um", "micron", "microns", "micrometer", "\\u00b5m"), "micrometer"),
    **dict.fromkeys(("nm", "nanometer"), "nanometer"),
    **dict.fromkeys(("mm", "millimeter"), "millimeter"),
    **dict.fromkeys(("cm", "centimeter"), "centimeter"),
    **dict.fromkeys(("Å", "angstrom"), "angstrom"),
    **dict.fromkeys(("pm", "picometer"), "picometer"),
    **dict.fromkeys(("m", "meter"), "meter"),
}
# Two sizes this near to each other count as the same: metadata round, and levels halve odd lengths.
TOLERANCE = 0.05


def unit_name(text: object) -> str | None:
    """Return the full English name of a unit of length, such as "micrometer" for "µm"; None if none is known."""
    word = str(text).strip()
    # short ones are told apart by capitals: Mm is no mm
    return SPELLINGS.get(word if len(word) < 3 else word.lower())


def in_unit(length: float, unit: str | None) -> float:
    """Return a length in micrometres in another unit; as it is where the unit is none that is known."""
    return length * METRES[MICROMETRE] / METRES[unit] if unit in METRES else length


def size_ratio(
    size: Sequence[float] | None, unit: str | None, other: Sequence[float] | None, other_unit: str | None
) -> float | None:
    """Return how many times wider a pixel is than another, the mean of the ratios along y and x.

    It is None where a size is missing, or units differ and one of them is none that is known.
    """
    if not size or not other or not all(length > 0 for length in (*size[-2:], *other[-2:])):
        return None
    if unit == other_unit:
        scale = 1.0
    elif unit in METRES and other_unit in METRES:
        scale = METRES[unit] / METRES[other_unit]
    else:
        return None
    return scale * math.sqrt(math.prod(a / b for a, b in zip(size[-2:], other[-2:], strict=True)))


def is_same_size(ratio: float | None) -> bool:
    """Whether a ratio of sizes is 1 but for `TOLERANCE`; one that is not known is."""
    return ratio is None or abs(math.log(ratio)) <= math.log1p(TOLERANCE)
