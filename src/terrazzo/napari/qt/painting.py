"""A labels layer that shows a window of what is drawn, follows what is seen, and saves each stroke."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from terrazzo.blocks import Box
from terrazzo.napari.layers import DRAWN_OPACITY, colours_of
from terrazzo.napari.qt.notices import said, warn
from terrazzo.napari.session import Session
from terrazzo.napari.window import window_around

NAME = "drawn"
BRUSH = 10
"""Pixels of the screen that a brush is wide at first."""

DRAWING_MODES = ("paint", "fill", "erase", "polygon")


class Painting:
    """The layer to draw in.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
    seen, zoom
        What is seen of the image at first, and pixels of the screen to one of it.
    drawn : callable
        Is called after each stroke.
    """

    def __init__(self, viewer: Any, session: Session, seen: Box, zoom: float, drawn: Callable[[], None]) -> None:
        self.session, self._drawn = session, drawn
        self.window = window_around(seen, session.image.extent, zoom)
        self._shown = session.labels(self.window)
        self._busy = False
        self.layer = viewer.add_labels(
            self._shown.copy(),
            name=NAME,
            colormap=colours_of(session.classes),
            opacity=DRAWN_OPACITY,
            scale=self.window.steps,
            translate=self.window.translate,
        )
        self.layer.brush_size = max(1, round(BRUSH / zoom / self.window.steps[-1]))
        self.layer.selected_label = 1
        # its own would know the strokes of this window alone
        self.layer.undo, self.layer.redo = self.undo, self.redo
        self.layer.events.paint.connect(self._save)
        self.layer.mouse_drag_callbacks.append(self._watch)

    def follow(self, seen: Box, zoom: float) -> None:
        """Show the window around what is seen, if the one that is shown does not serve."""
        if self._busy or self.window.serves(seen, self.session.image.extent, zoom):
            return
        before = self.window.steps[-1]
        self.window = window_around(seen, self.session.image.extent, zoom)
        brush = self.layer.brush_size * before / self.window.steps[-1]
        self._shown = self.session.labels(self.window)
        self.layer.data = self._shown.copy()
        self.layer.scale, self.layer.translate = self.window.steps, self.window.translate
        self.layer.brush_size = max(1, round(brush))

    def choose(self, value: int) -> None:
        """Draw with a class from now on."""
        self.layer.selected_label = value + 1

    def recolour(self) -> None:
        """Show the classes that there are in their colours."""
        chosen = self.layer.selected_label
        self.layer.colormap = colours_of(self.session.classes)
        self.layer.selected_label = chosen

    def reload(self) -> None:
        """Show what is on disk."""
        self._shown = self.session.labels(self.window)
        self.layer.data = self._shown.copy()

    def undo(self) -> None:
        """Take back the last stroke, wherever it was."""
        if self.session.undo() is not None:
            self.reload()
            self._drawn()

    def redo(self) -> None:
        """Draw again what was taken back."""
        if self.session.redo() is not None:
            self.reload()
            self._drawn()

    def _save(self, event: Any = None) -> None:  # noqa: ARG002
        after = np.asarray(self.layer.data)
        names = len(self.session.classes)
        if after.max() > names:
            warn(f"there are {names} classes and you drew with the label {int(after.max())}; choose a class first")
            self.reload()
            return
        changed = None
        with said():
            changed = self.session.draw(self.window, self._shown, after)
        if changed is None:
            self.reload()
            return
        self._shown = after.copy()
        self._drawn()

    def _watch(self, layer: Any, event: Any) -> Iterator[None]:
        """Keep the window while a button is down, and tell who draws where there is no image."""
        self._busy = True
        if str(layer.mode) in DRAWING_MODES and self._is_outside(event.position):
            warn("that is outside the image, where nothing can be drawn; draw on the image")
        yield
        while event.type == "mouse_move":
            yield
        self._busy = False

    def _is_outside(self, position: tuple[float, ...]) -> bool:
        extent = self.session.image.extent
        return any(not -0.5 <= at < n - 0.5 for at, n in zip(position[-len(extent) :], extent, strict=True))
