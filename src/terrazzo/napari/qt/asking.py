"""What a user is asked in windows of their own; None where it was called off."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QFileDialog, QInputDialog

STORE_FILES = ("zarr.json", ".zattrs", ".zgroup", ".zarray")
"""Files of a Zarr image, which stand for the folder that they are in: the window for files has no folders."""


@dataclass(frozen=True)
class Begun:
    """What a new project is made of.

    Parameters
    ----------
    folder : str
    images, classes : list of str
    size : int
        Pixels from one superpixel to the next.
    """

    folder: str
    images: list[str]
    classes: list[str]
    size: int


def ask_project(parent: Any) -> str | None:
    """Ask for the folder of a project."""
    return QFileDialog.getExistingDirectory(parent, "The folder of a project") or None


def ask_new(parent: Any) -> Begun | None:
    """Ask for what a new project is made of."""
    images, _ = QFileDialog.getOpenFileNames(parent, "Images: files, or zarr.json of an OME-Zarr image")
    folder = images and QFileDialog.getExistingDirectory(parent, "An empty folder for the project")
    if not folder:
        return None
    text, named = QInputDialog.getText(parent, "Classes", "Names, with commas between", text="background, object")
    size, sized = QInputDialog.getInt(parent, "Superpixels", "Pixels from one to the next", 16, 2, 256)
    if not (named and sized):
        return None
    paths = [str(Path(one).parent) if Path(one).name in STORE_FILES else one for one in images]
    return Begun(folder, paths, [name.strip() for name in text.split(",") if name.strip()], size)


def ask_class(parent: Any) -> str | None:
    """Ask for the name of a class."""
    name, given = QInputDialog.getText(parent, "A class", "Its name")
    return name if given else None


def ask_target(parent: Any, name: str) -> str | None:
    """Ask for a file to write to."""
    return QFileDialog.getSaveFileName(parent, "Write to", name)[0] or None
