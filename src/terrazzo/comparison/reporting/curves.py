"""Curves as inline SVG, the x axis always logarithmic to base 2: sizes and sides are doubled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, PLOT = 440, 186
LEFT, RIGHT, TOP, AXIS, ROW = 52, 12, 26, 52, 18
BOTTOM = TOP + PLOT
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#5f6b7a")
TICKS = 7


@dataclass(frozen=True)
class Curve:
    """A named line through points.

    Parameters
    ----------
    name : str
    x, y : sequence of float
    line : bool
        Whether there is one, or only the points.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    line: bool = True


def draw_curves(curves: Sequence[Curve], *, title: str, x_label: str, y_label: str, log: bool = False) -> str:
    """Return an SVG of curves with axes and a legend, for people and for screen readers."""
    horizontal = _Axis.of([x for curve in curves for x in curve.x], LEFT, WIDTH - RIGHT, log=True)
    vertical = _Axis.of([y for curve in curves for y in curve.y], BOTTOM, TOP, log=log)
    height = BOTTOM + AXIS + ROW * len(curves)
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">']
    for value, label in vertical.ticks():
        y = vertical.place(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    places = sorted({x for curve in curves for x in curve.x})
    each = all(curve.line for curve in curves)
    for value, label in ((x, f"{x:g}") for x in places) if each else horizontal.ticks():
        x = horizontal.place(value)
        parts.append(f'<text x="{x:.1f}" y="{BOTTOM + 20}" text-anchor="middle">{label}</text>')
    middle, below = (LEFT + WIDTH - RIGHT) / 2, BOTTOM + 40
    parts.append(f'<text x="{middle}" y="{below}" text-anchor="middle">{escape(x_label)}</text>')
    parts.append(f'<text x="4" y="14">{escape(y_label)}</text>')
    for place, curve in enumerate(curves):
        parts += _line(curve, COLOURS[place % len(COLOURS)], horizontal, vertical)
        y = BOTTOM + AXIS + ROW * place
        parts.append(f'<circle cx="{LEFT + 6}" cy="{y + 5}" r="5" fill="{COLOURS[place % len(COLOURS)]}"/>')
        parts.append(f'<text x="{LEFT + 18}" y="{y + 10}">{escape(curve.name)}</text>')
    return "".join([*parts, "</svg>"])


@dataclass(frozen=True)
class _Axis:
    """Where values lie between two places of the drawing."""

    low: float
    high: float
    first: float
    last: float
    log: bool

    @classmethod
    def of(cls, values: Sequence[float], first: float, last: float, *, log: bool) -> _Axis:
        scaled = [_scaled(value, log) for value in values]
        margin = 0.08 * (max(scaled) - min(scaled)) or 0.5
        return cls(min(scaled) - margin, max(scaled) + margin, first, last, log)

    def place(self, value: float) -> float:
        share = (_scaled(value, self.log) - self.low) / (self.high - self.low)
        return self.first + share * (self.last - self.first)

    def ticks(self) -> list[tuple[float, str]]:
        """Return where the axis is labelled, and how."""
        if not self.log:
            step = _round((self.high - self.low) / TICKS)
            places = range(math.ceil(self.low / step), math.floor(self.high / step) + 1)
            digits = max(0, -math.floor(math.log10(step)))
            return [(step * place, f"{step * place:.{digits}f}") for place in places]
        powers = range(math.ceil(self.low), math.floor(self.high) + 1)
        return [(2.0**power, f"{2.0**power:.3g}") for power in powers[:: max(1, len(powers) // TICKS)]]


def _round(step: float) -> float:
    """Return the least of 1, 2 and 5 times a power of ten that is no less."""
    power = 10.0 ** math.floor(math.log10(step))
    return power * next(factor for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9))


def _scaled(value: float, log: bool) -> float:
    return math.log2(max(value, 1e-9)) if log else value


def _line(curve: Curve, colour: str, horizontal: _Axis, vertical: _Axis) -> list[str]:
    points = [(horizontal.place(x), vertical.place(y)) for x, y in zip(curve.x, curve.y, strict=True)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    line = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
    return [
        *([line] if curve.line else []),
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in points),
    ]
