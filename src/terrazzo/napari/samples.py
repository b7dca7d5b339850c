"""Images to try the plugin with: stem cells that are drawn, not photographed, so that the truth is known."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from terrazzo.io.images.ome_zarr_writer import write_ome_zarr
from terrazzo.io.images.open_image import open_image
from terrazzo.napari.layers import LayerData, class_look, image_layers, labels_of
from terrazzo.project.project import Project
from terrazzo.synthetic import CLASS_NAMES, colony_image

SIDE = 2048
SIZE = 12


def colonies() -> list[LayerData]:
    """Return the layers of an image of colonies and of its true classes."""
    image, truth = colony_image((SIDE, SIDE))
    look = class_look("truth", CLASS_NAMES, ()) | {"visible": False}
    return [
        (image, {"name": "colonies", "contrast_limits": (0, 255)}, "image"),
        (labels_of(truth.compute()), look, "labels"),
    ]


def begin_colonies(folder: Path | None = None, side: int = SIDE) -> Project:
    """Make a project of an image of colonies to draw in, by default in a new folder for files that may go."""
    home = Path(tempfile.mkdtemp(prefix="terrazzo-")) if folder is None else folder
    path = home / "colonies.ome.zarr"
    write_ome_zarr(path, np.asarray(colony_image((side, side))[0]), axes="yx", levels="mean")
    return Project.begin(home / "study", [path], size=SIZE, classes=CLASS_NAMES)


def colony_project() -> list[LayerData]:
    """Return the image of a new project of colonies, which the plugin's panel opens for drawing."""
    project = begin_colonies()
    (name,) = project.images
    return image_layers(open_image(project.known.image(name).path), name)
