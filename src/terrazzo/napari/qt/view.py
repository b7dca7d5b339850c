"""What is seen of an image, in its pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from terrazzo.blocks import Box
from terrazzo.napari.window import seen_box

PLACE = "place to draw"

MARGIN = 1.05
"""How much more than the screen is taken to be seen, so that a little move needs nothing new."""

FILLED = 0.25
"""How much of the screen a place fills that the view goes to."""


class View:
    """The camera of a viewer whose world is the pixels of an image.

    Parameters
    ----------
    viewer : napari.Viewer
    """

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.last_seen: Box | None = None

    @property
    def zoom(self) -> float:
        """Pixels of the screen to one of the image."""
        return float(self.viewer.scene.camera.zoom)

    def moved(self, action: Callable[[], Any]) -> None:
        """Call a function whenever something else is seen."""
        camera, dims, canvas = self.viewer.scene.camera.events, self.viewer.dims.events, self.viewer.canvas.events
        for event in (camera.center, camera.zoom, dims.current_step, canvas.size):
            event.connect(lambda _event=None: action())

    def other_section(self, action: Callable[[], Any]) -> None:
        """Call a function whenever another section of a volume is looked at."""
        self.viewer.dims.events.current_step.connect(lambda _event=None: action())

    def seen(self, extent: Sequence[int]) -> Box | None:
        """Return the part of an image that is seen, remembered as `last_seen`; None if none is."""
        height, width = self.viewer.canvas.size
        y, x = self.viewer.scene.camera.center[-2:]
        half = MARGIN * height / self.zoom / 2, MARGIN * width / self.zoom / 2
        section = [float(self.viewer.dims.point[0])] if len(extent) == 3 else []
        corners = ([*section, y - half[0], x - half[1]], [*section, y + half[0], x + half[1]])
        self.last_seen = seen_box(corners, extent)
        return self.last_seen

    def whole(self, extent: Sequence[int]) -> Box:
        """Return all of an image, of a volume its middle section."""
        start, stop = [0] * len(extent), list(extent)
        if len(extent) == 3:
            start[0], stop[0] = extent[0] // 2, extent[0] // 2 + 1
        return Box(tuple(start), tuple(stop))

    def go_to(self, start: Sequence[int], stop: Sequence[int]) -> None:
        """Look at the middle of a box, so that it and what is around it are seen."""
        middle = [(a + b - 1) / 2 for a, b in zip(start, stop, strict=True)]
        if len(middle) == 3:
            self.viewer.dims.set_point(0, round(middle[0]))
        height, width = self.viewer.canvas.size
        sides = stop[-2] - start[-2], stop[-1] - start[-1]
        self.viewer.scene.camera.center = (0.0, *middle[-2:])
        self.viewer.scene.camera.zoom = FILLED * min(height / sides[0], width / sides[1])

    def mark(self, start: Sequence[int], stop: Sequence[int]) -> None:
        """Draw a rectangle around a box, in place of the one of before; what is selected stays so."""
        lead = [(a + b - 1) // 2 for a, b in zip(start[:-2], stop[:-2], strict=True)]
        (top, left), (bottom, right) = ([at - 0.5 for at in one[-2:]] for one in (start, stop))
        corners = np.array([[*lead, *one] for one in ((top, left), (top, right), (bottom, right), (bottom, left))])
        sides = np.stack([corners, np.roll(corners, -1, axis=0) - corners], axis=1)
        layers, chosen = self.viewer.layers, self.viewer.layers.selection.active
        if PLACE in layers:
            layers.remove(PLACE)
        look = {"edge_color": "white", "edge_width": 2 / self.zoom, "vector_style": "line", "name": PLACE}
        self.viewer.add_vectors(sides, **look)
        layers.move(len(layers) - 1, 0 if chosen is None else layers.index(chosen))
        layers.selection.active = chosen
