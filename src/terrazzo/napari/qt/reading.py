"""The reader that napari calls: projects open in the panel, results as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import napari

from terrazzo.errors import TerrazzoError
from terrazzo.napari.layers import LayerData
from terrazzo.napari.qt.notices import warn
from terrazzo.napari.reader import Reads, get_reader, project_folder, read
from terrazzo.napari.samples import begin_colonies, colony_project

NOTHING: list[Any] = [(None,)]
"""What tells napari that there are no layers to add: the panel adds them."""

PLUGIN, PANEL = "terrazzo", "Draw, fit, look"


def reader(path: str | Sequence[str]) -> Reads | None:
    """Return a function that reads a path, or None if it is no result or project."""
    return None if get_reader(path) is None else read_or_open


def read_or_open(path: str | Sequence[str]) -> list[LayerData]:
    """Open a project in the panel, where there is a viewer, and return the layers of all else."""
    paths = [path] if isinstance(path, str) else list(path)
    folder = project_folder(paths[0])
    viewer = napari.current_viewer()
    try:
        if folder is None or viewer is None or len(paths) > 1:
            return read(paths)
    except TerrazzoError as error:
        warn(str(error))
        return NOTHING
    panel_of(viewer).open_project(folder)
    return NOTHING


def colony_sample() -> list[LayerData]:
    """Open a new project of synthetic colonies in the panel; without a viewer, return its image."""
    viewer = napari.current_viewer()
    if viewer is None:
        return colony_project()
    panel_of(viewer).open_project(begin_colonies().folder)
    return NOTHING


def panel_of(viewer: Any) -> Any:
    """Return the panel of a viewer, which is opened if it is not."""
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, PANEL)
    return panel
