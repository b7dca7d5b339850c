"""napari's window with the panel."""

from __future__ import annotations

from collections.abc import Sequence

import napari

from terrazzo.napari.qt.reading import PLUGIN, panel_of


def open_window(paths: Sequence[str]) -> None:
    """Open a window with the panel and with projects and results; it returns when the window is closed."""
    viewer = napari.Viewer(title="terrazzo")
    panel_of(viewer)
    for path in paths:
        viewer.open(path, plugin=PLUGIN)
    napari.run()
