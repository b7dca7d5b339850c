"""What napari reads through this plugin: results and projects of terrazzo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from terrazzo.io.results.result import RUN, open_result
from terrazzo.napari.layers import LayerData, image_layers, result_layers
from terrazzo.project.project import Project
from terrazzo.project.project_file import PROJECT

Reads = Callable[[str | Sequence[str]], list[LayerData]]


def get_reader(path: str | Sequence[str]) -> Reads | None:
    """Return a function that reads a path, or None if it is no result or project."""
    paths = [path] if isinstance(path, str) else list(path)
    return read if all(is_project(one) or is_result(one) for one in paths) else None


def is_project(path: str | Path) -> bool:
    """Whether a folder, or the `project.json` in it, is a project."""
    return project_folder(path) is not None


def is_result(path: str | Path) -> bool:
    """Whether a folder is a result."""
    return (Path(path) / RUN).is_file()


def project_folder(path: str | Path) -> Path | None:
    """Return the folder of a project that a path names; None if it names none."""
    given = Path(path)
    folder = given.parent if given.name == PROJECT else given
    return folder if (folder / PROJECT).is_file() else None


def read(path: str | Sequence[str]) -> list[LayerData]:
    """Return the layers of results and projects; of a project the first image, with what is drawn and its classes."""
    found: list[LayerData] = []
    for one in [path] if isinstance(path, str) else path:
        folder = project_folder(one)
        found += result_layers(open_result(one)) if folder is None else project_layers(Project(folder))
    return found


def project_layers(project: Project, name: str | None = None) -> list[LayerData]:
    """Return the layers of an image of a project, by default the first, to look at: nothing is written."""
    chosen = name or next(iter(project.images), None)
    if chosen is None:
        return []
    image, result = project.image(chosen), project.folder / "results" / f"{chosen}.zarr"
    if is_result(result) and open_result(result).run["finished"]:
        return result_layers(open_result(result), image)
    return image_layers(image, chosen)
