"""A layer for shapes: each becomes part of what is drawn as soon as it is finished."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import QTimer

from terrazzo.napari.qt.notices import said
from terrazzo.napari.session import Session
from terrazzo.napari.shapes import Shape

NAME = "shapes to draw"


class DrawingShapes:
    """Takes shapes out of a layer and draws them.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
    drawn : callable
        Is called after each shape.
    """

    def __init__(self, viewer: Any, session: Session, drawn: Callable[[], None]) -> None:
        self.viewer, self.session, self._drawn = viewer, session, drawn
        self.value = 0
        self.layer: Any = None

    def begin(self) -> None:
        """Make the layer, if it is not there, and choose it, ready for a polygon."""
        if self.layer is None or self.layer not in self.viewer.layers:
            axes = len(self.session.image.extent)
            self.layer = self.viewer.add_shapes(name=NAME, ndim=axes, opacity=0.5, edge_width=BRUSH)
            self.layer.events.data.connect(self._take_later)
        self.viewer.layers.selection.active = self.layer
        self.layer.mode = "add_polygon_lasso"

    def take(self) -> None:
        """Draw the shapes that are finished, and take them out of the layer."""
        shapes = list(zip(self.layer.data, self.layer.shape_type, self.layer.edge_width, strict=True))
        if not shapes or self.layer.mode == "direct":
            return
        self.layer.data = []
        for points, kind, width in shapes:
            with said():
                self.session.draw_shape(Shape(kind, np.asarray(points, np.float64), float(width)), self.value)
                self._drawn()

    def _take_later(self, event: Any) -> None:
        # the layer is still busy with the shape
        if str(getattr(event, "action", "")).endswith("added"):
            QTimer.singleShot(0, self.take)


BRUSH = 5
"""Pixels of the image that a line is wide at first."""
