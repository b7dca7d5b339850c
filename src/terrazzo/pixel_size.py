"""Sizes of pixels with their units: how many times larger one is than another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

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
# What else files call them.
SYMBOLS = {
    **dict.fromkeys(("µm", "μm", "um", "micron", "microns", "micrometre", "micrometers", "\\u00b5m"), MICROMETRE),
    **dict.fromkeys(("nm", "nanometre", "nanometers"), "nanometer"),
    **dict.fromkeys(("mm", "millimetre", "millimeters"), "millimeter"),
    **dict.fromkeys(("cm", "centimetre", "centimeters"), "centimeter"),
    **dict.fromkeys(("m", "metre", "meters"), "meter"),
    **dict.fromkeys(("pm", "picometre"), "picometer"),
    **dict.fromkeys(("Å", "angstroms"), "angstrom"),
}
# Two sizes this near to each other count as the same: metadata round, and levels halve odd lengths.
TOLERANCE = 0.05


def in_unit(length: float, unit: str | None) -> float:
    """Return a length in micrometres in another unit; as it is where the unit is none that is known."""
    return length * METRES[MICROMETRE] / METRES[unit] if unit in METRES else length


def unit_name(unit: object) -> str | None:
    """Return the full English name of a unit, as in OME-NGFF; one that is not known as it is."""
    if unit is None:
        return None
    word = str(unit).strip()
    # short ones are told apart by capitals: Mm is no mm
    return SYMBOLS.get(word if len(word) < 3 else word.lower(), word)


def in_one_unit(
    size: Mapping[str, float], units: Mapping[str, str | None]
) -> tuple[dict[str, float], str | None] | tuple[None, None]:
    """Return sizes by axis in the unit of y, and that unit; without an axis whose unit cannot be brought to it.

    It is (None, None) where y or x is missing or is not positive and finite.
    """
    unit = unit_name(units.get("y"))
    found = {}
    for axis, length in size.items():
        own = unit_name(units.get(axis))
        same = own == unit
        if math.isfinite(length) and length > 0 and (same or (own in METRES and unit in METRES)):
            # to the digits that a file has, which the factor does not
            found[axis] = length if same else float(f"{length * METRES[str(own)] / METRES[str(unit)]:.12g}")
    return (found, unit) if {"y", "x"} <= found.keys() else (None, None)


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
