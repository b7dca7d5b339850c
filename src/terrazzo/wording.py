"""How values say in words what they hold: lengths, counts and lists, short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# of a longer list the beginning is shown
MOST_LISTED = 12

SPATIAL_AXES = "zyx"


def lengths(shape: Sequence[int], axes: str | None = None) -> str:
    """Return the lengths along axes, such as "(y: 1024, x: 2048)"; by default those of an image or a volume."""
    names = SPATIAL_AXES[-len(shape) :] if axes is None else axes
    return f"({', '.join(f'{name}: {length}' for name, length in zip(names, shape, strict=True))})"


def by(values: Sequence[float]) -> str:
    """Return sizes along axes, such as "16 x 16"."""
    return " x ".join(f"{value:.6g}" for value in values)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as "1 node" or "12,345 nodes"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def readable_number(value: float) -> str:
    """Return a number as people read it, such as "12.35" or "43,690": four digits, and all before the point."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def from_to(low: float, high: float) -> str:
    """Return a range of readable numbers, such as "23 to 43,690"."""
    return f"{readable_number(low)} to {readable_number(high)}"


def listed(names: Sequence[object]) -> str:
    """Return names with commas between them, of a long list the beginning."""
    rest = f", … ({len(names)} in all)" if len(names) > MOST_LISTED else ""
    return ", ".join(map(str, names[:MOST_LISTED])) + rest


def pixel_text(size: Sequence[float] | None, unit: str | None) -> str | None:
    """Return the size of a pixel, such as "0.65 x 0.65 micrometer"; None if it is not known."""
    return None if size is None else f"{by(size)} {unit or '(no unit)'}"


def readable_seconds(seconds: float) -> str:
    """Return a length of time as people read it, such as "12 min"."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def figures_text(figures: Mapping[str, float]) -> str | None:
    """Return figures by name, such as "epochs 57, validation accuracy 0.9861"; None if there are none."""
    shown = {name: f"{value:.4g}" if isinstance(value, int | float) else value for name, value in figures.items()}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in shown.items()) or None
