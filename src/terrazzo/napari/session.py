"""A project that is drawn in: one of its images, what is drawn on it, and what a viewer is told to show."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from terrazzo.blocks import BlockGrid, Box
from terrazzo.blockwise.inputs.windows import read_window
from terrazzo.errors import InputError, ParameterError
from terrazzo.io.annotations.open_annotation import open_annotation
from terrazzo.io.images.image import Image
from terrazzo.io.results.result import RUN, Result, open_result
from terrazzo.lattice import Lattice
from terrazzo.napari.canvas import Canvas, Part
from terrazzo.napari.layers import LayerData, boundaries_layer, classes_layer, image_layers, labels_of
from terrazzo.napari.shapes import Shape, parts_of
from terrazzo.napari.window import Window
from terrazzo.project.drawn import name_classes
from terrazzo.project.project import Project
from terrazzo.regions.classes.annotation import NOT_ANNOTATED, annotated_classes

CANVAS_SIDE = 1024
"""Pixels along a side of what is read at a time of a file that was drawn elsewhere."""


@dataclass(eq=False)
class Session:
    """An image of a project that is open for drawing; the project is held until `close`.

    Parameters
    ----------
    project : Project
    name : str
        The image's.
    image : Image
    canvas : Canvas
        What is drawn on it.
    kept : bool
        Whether the project knows the canvas; one that was copied from a file of shapes becomes the project's with the
        first stroke.
    """

    project: Project
    name: str
    image: Image
    canvas: Canvas
    kept: bool
    _held: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def open(cls, project: Project, name: str | None = None) -> Session:
        """Open an image of a project, by default the first.

        Raises
        ------
        InputError
            If the project has no image, another program writes into it, the image is not where it was, or what is drawn
            on it cannot be read.
        """
        if not project.images:
            raise InputError(f"the project '{project.folder}' has no image; add one with terrazzo project add")
        chosen = project.images[0] if name is None else name
        with ExitStack() as held:
            held.enter_context(project.held())
            image = project.image(chosen)
            canvas, kept = _canvas(project, chosen, image)
            return cls(project, chosen, image, canvas, kept, held.pop_all())

    def close(self) -> None:
        """Let go of the project; a canvas that nothing was drawn on is removed."""
        self._held.close()
        if not self.kept:
            shutil.rmtree(self.canvas.path, ignore_errors=True)

    @property
    def classes(self) -> dict[str, str]:
        """The name of each class with its colour, in the order of their values."""
        return self.project.classes

    def add_class(self, name: str, colour: str | None = None) -> None:
        """Add a class.

        Raises
        ------
        ParameterError
            If it has no name, one that is there, or a colour that is none.
        """
        given = name.strip()
        if not given or given in self.classes:
            raise ParameterError(f"a class is called '{given}'; give it a name that no class has")
        if len(self.classes) >= NOT_ANNOTATED:
            raise ParameterError(f"there are {NOT_ANNOTATED} classes, the most that there may be")
        self.project.name_classes([given] if colour is None else {given: colour})

    def labels(self, window: Window) -> NDArray[np.uint8]:
        """Return what is drawn in a window: one more than the class, 0 where nothing is."""
        return labels_of(self.canvas.read(window.box, window.steps))

    def draw(self, window: Window, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Box | None:
        """Draw what has changed in a window of labels; it is on disk when this returns."""
        return self._draw([(window.box, after - np.uint8(1), before != after)], window.steps)

    def draw_shape(self, shape: Shape, value: int) -> Box:
        """Draw a shape that is filled with a class.

        Raises
        ------
        InputError
            If no pixel of the image is inside.
        """
        drawn = self._draw(list(parts_of(shape, self.image.extent, value)))
        if drawn is None:
            raise InputError("the shape lies outside the image, so that nothing was drawn; draw on the image")
        return drawn

    def undo(self) -> Box | None:
        """Take back the last stroke; return the box that it was in, None if there is none."""
        return self.canvas.undo()

    def redo(self) -> Box | None:
        """Draw again what was taken back."""
        return self.canvas.redo()

    def result(self) -> Result | None:
        """Return the finished result of the newest model of this image; None if there is none."""
        path = self.project.folder / "results" / f"{self.name}.zarr"
        model = self.project.model()
        if model is None or not (path / RUN).is_file():
            return None
        found = open_result(path)
        made = found.run
        newest = made["finished"] and made["made_from"].get("model") == model.fingerprint()
        return found if newest else None

    def layers(self) -> list[LayerData]:
        """Return what is shown besides drawing: the image, its superpixels, and classes, where they are there."""
        found = image_layers(self.image, self.name)
        if self.name not in self.project.unmeasured:
            found.append(boundaries_layer(self.project.graph(self.name)))
        result = self.result()
        if result is not None:
            found.append(classes_layer(result, list(self.classes), list(self.classes.values())))
        return found

    def lattice(self) -> Lattice:
        """Return the lattice of its superpixels."""
        return Lattice(self.image.extent, self.project.known.superpixels.size)

    def _draw(self, parts: list[Part], steps: Sequence[int] | None = None) -> Box | None:
        drawn = self.canvas.paint_all(parts, steps)
        if drawn is not None and not self.kept:
            target = _free(self.project.folder / "annotations" / f"{self.name}.zarr")
            self.canvas.move_to(target)
            self.project.draw_in(self.name, target)
            self.kept = True
        return drawn


def _canvas(project: Project, name: str, image: Image) -> tuple[Canvas, bool]:
    """Return what is drawn on an image, and whether the project knows it as a canvas."""
    path = project.annotation_path(name)
    if Canvas.is_at(path):
        return Canvas.open(path, image), True
    begun = project.folder / "annotations" / f".{name}.drawing.zarr"
    shutil.rmtree(begun, ignore_errors=True)
    canvas = Canvas.begin(begun, image)
    if path.exists():
        _copy(project, path, image, canvas)
    return canvas, False


def _copy(project: Project, path: Path, image: Image, canvas: Canvas) -> None:
    """Draw what a file of another kind holds, such as shapes, block by block; its classes join those of the project."""
    own = open_annotation(path, image)
    if own.class_names is not None:
        colours = own.colours or (None,) * len(own.class_names)
        name_classes(project.folder, dict(zip(own.class_names, colours, strict=True)))
    classes = list(project.classes)
    annotation = open_annotation(path, image, classes=classes or None)
    sides = tuple(min(CANVAS_SIDE, n) if n > 1 else 2 for n in image.extent)
    for block in BlockGrid(Lattice(image.extent, sides), (1,) * len(sides)):
        values = annotated_classes(read_window(annotation.stored, block.core)[0], max(1, len(classes)))
        canvas.paint(block.core, values, values != NOT_ANNOTATED)
    canvas.forget()


def _free(path: Path) -> Path:
    found, number = path, 2
    while found.exists():
        found, number = path.with_name(f"{path.stem}-{number}{path.suffix}"), number + 1
    return found
