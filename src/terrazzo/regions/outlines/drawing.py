"""What somebody drew on an image: polygons, lines and points, each of a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.kernels.classes.draw import draw

UNCLASSED = -1


@dataclass(frozen=True, eq=False)
class Drawing:
    """Shapes as flat arrays: parts of rings of points.

    A part is one polygon with its holes, one line or one point. What was drawn as one shape may have several.

    Parameters
    ----------
    points : ndarray of float64, shape (V, 2)
        (y, x) in pixels from the image's corner: pixel (i, j) covers i..i + 1 and j..j + 1. A polygon's ring ends with
        its first point.
    rings, parts : ndarray of int64, shape (R + 1,) and (P + 1,)
        Where each ring begins in `points` and each part in `rings`, with the end of the last.
    filled : ndarray of bool, shape (P,)
        Whether the part is a polygon.
    shapes : ndarray of int64, shape (P,)
        Which shape of its file the part belongs to, counted from 1.
    classes : ndarray of int64, shape (P,)
        Index into `names`; -1 is none.
    names : tuple of str
        The classes in the order in which they appear.
    colours : dict of str to str
        Of those classes that say, the colour `#rrggbb`.
    titles : dict of int to str
        Of those shapes that their file calls something, what it calls them.
    """

    points: NDArray[np.float64]
    rings: NDArray[np.int64]
    parts: NDArray[np.int64]
    filled: NDArray[np.bool_]
    shapes: NDArray[np.int64]
    classes: NDArray[np.int64]
    names: tuple[str, ...]
    colours: dict[str, str]
    titles: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.filled.size

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """The lowest y and x and the highest y and x of each part, shape (4, P)."""
        first = self.rings[self.parts[:-1]]
        lowest, highest = (f.reduceat(self.points, first, axis=0).T for f in (np.minimum, np.maximum))
        return np.concatenate([lowest, highest])

    def scaled(self, factor: Sequence[float]) -> Drawing:
        """Return the drawing with y and x multiplied by a factor each."""
        return replace(self, points=self.points * np.asarray(factor, np.float64))

    def raster(self, window: Box, values: NDArray[np.int64], empty: int) -> NDArray[np.uint8]:
        """Return the pixels of a window: the value of the last part that has a pixel, or `empty`.

        Parameters
        ----------
        window : Box
            (y, x) of the pixels.
        values : ndarray of int64, shape (P,)
            Of each part; a negative value leaves the part out.
        empty : int
            Where nothing is drawn.
        """
        canvas = np.full(window.shape, empty, np.uint8)
        chosen = np.flatnonzero(self._near(window) & (values >= 0))
        if chosen.size:
            start = (window.start[0], window.start[1])
            painted = np.maximum(values, 0).astype(np.uint8)
            draw(canvas, start, self.points, self.rings, self.parts, self.filled, painted, chosen)
        return canvas

    def _near(self, window: Box) -> NDArray[np.bool_]:
        """Return which parts may have a pixel in a window: one pass over the boxes, 0.3 ms for 100 000."""
        top, left, bottom, right = self.boxes
        (first_row, first_column), (last_row, last_column) = window.start, window.stop
        rows = (top <= last_row) & (bottom >= first_row)
        return np.asarray(rows & (left <= last_column) & (right >= first_column))


class DrawingBuilder:
    """Collects shapes one by one into a Drawing."""

    def __init__(self) -> None:
        self.rings: list[NDArray[np.float64]] = []
        self.ring_counts: list[int] = []
        self.filled: list[bool] = []
        self.shapes: list[int] = []
        self.classes: list[int] = []
        self.indices: dict[str, int] = {}
        self.colours: dict[str, str] = {}
        self.titles: dict[int, str] = {}
        self.count = 0

    def add(
        self,
        parts: Sequence[tuple[bool, Sequence[NDArray[np.float64]]]],
        name: str | None,
        colour: str | None,
        title: str | None = None,
    ) -> None:
        """Add a shape: for each part whether it is filled, and its rings (y, x); its class and that one's colour.

        `title` is what its file calls it, where that says more than its number.
        """
        self.count += 1
        if title is not None:
            self.titles[self.count] = title
        index = UNCLASSED if name is None else self.indices.setdefault(name, len(self.indices))
        if name is not None and colour is not None:
            self.colours.setdefault(name, colour)
        for filled, rings in parts:
            closed = [np.vstack([ring, ring[:1]]) if filled and (ring[0] != ring[-1]).any() else ring for ring in rings]
            self.rings.extend(closed)
            self.ring_counts.append(len(closed))
            self.filled.append(filled)
            self.shapes.append(self.count)
            self.classes.append(index)

    def drawing(self) -> Drawing:
        """Return what was added."""
        return Drawing(
            points=np.concatenate(self.rings) if self.rings else np.empty((0, 2)),
            rings=_offsets([len(ring) for ring in self.rings]),
            parts=_offsets(self.ring_counts),
            filled=np.array(self.filled, np.bool_),
            shapes=np.array(self.shapes, np.int64),
            classes=np.array(self.classes, np.int64),
            names=tuple(self.indices),
            colours=self.colours,
            titles=self.titles,
        )


def _offsets(counts: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.asarray(counts, np.int64))]).astype(np.int64)
