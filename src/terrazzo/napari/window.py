"""Which part of an image is held for drawing and looking: a box of it, at a step that suits what is on the screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from terrazzo.blocks import Box

SIDE = 2048
"""About how many pixels a window holds along an axis that is shown."""

SECTIONS = 16
"""Sections that a window of a volume holds."""

COARSEST = 128

WHOLE = 4096 * 4096
"""Pixels of a section that is held whole, whatever is seen of it."""


@dataclass(frozen=True)
class Window:
    """A box of an image, with one value for so many pixels along each axis.

    Parameters
    ----------
    box : Box
        Begins at a multiple of the steps.
    steps : tuple of int
        Powers of two.
    """

    box: Box
    steps: tuple[int, ...]

    @property
    def translate(self) -> tuple[float, ...]:
        """Where the middle of its first value lies, in pixels of the image."""
        return tuple(a + (s - 1) / 2 for a, s in zip(self.box.start, self.steps, strict=True))

    def serves(self, seen: Box, extent: Sequence[int], zoom: float) -> bool:
        """Whether it holds all of what is seen, neither coarser nor much finer than the screen is."""
        step = step_at(extent, zoom)
        return self.box.hull(seen) == self.box and self.steps[-1] in (step, max(1, step // 2))


def step_at(extent: Sequence[int], zoom: float) -> int:
    """Return the pixels of an image to a value, at so many pixels of the screen to one of the image."""
    step = 1
    while step < COARSEST and 2 * step * zoom <= 1 and math.prod(extent[-2:]) > WHOLE:
        step *= 2
    return step


def window_around(seen: Box, extent: Sequence[int], zoom: float) -> Window:
    """Return a window that holds what is seen and as much around it; the whole image, where that is small.

    Parameters
    ----------
    seen : Box
        Of the image; of a volume one section or a few.
    extent : sequence of int
    zoom : float
        Pixels of the screen to one of the image.
    """
    axes = len(extent)
    step = step_at(extent, zoom)
    steps = (1,) * (axes - 2) + (step, step)
    whole = math.prod(extent[-2:]) <= WHOLE
    sides = (SECTIONS,) * (axes - 2) + (tuple(extent[-2:]) if whole else (SIDE * step, SIDE * step))
    start, stop = [], []
    for first, last, length, side, by in zip(seen.start, seen.stop, extent, sides, steps, strict=True):
        margin = max(0, side - (last - first)) // 2
        low = max(0, min(first - margin, length - side))
        start.append(low - low % by)
        stop.append(min(length, max(last, low + side)))
    return Window(Box(tuple(start), tuple(stop)), steps)


def seen_box(corners: Sequence[Sequence[float]], extent: Sequence[int]) -> Box | None:
    """Return the pixels of an image between two corners in its coordinates; None if there is none."""
    spans = [(min(a, b), max(a, b)) for a, b in zip(*corners, strict=True)]
    start = tuple(max(0, int(low + 0.5)) for low, _ in spans)
    stop = tuple(min(n, int(high + 0.5) + 1) for (_, high), n in zip(spans, extent, strict=True))
    return Box(start, stop) if all(a < b for a, b in zip(start, stop, strict=True)) else None
