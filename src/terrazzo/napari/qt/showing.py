"""The layers that show what a model says: classes of superpixels, of the pixels that are seen, of a whole result."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from terrazzo.blocks import Box
from terrazzo.io.results.result import Result
from terrazzo.napari.layers import (
    boundaries_layer,
    class_look,
    classes_layer,
    colours_of,
    labels_of,
    on_lattice,
    unsure_layer,
)
from terrazzo.napari.session import Session
from terrazzo.project.judged_cells import CellClasses

CLASSES, SEEN, UNSURE, SUPERPIXELS = "classes", "classes in view", "uncertainty", "superpixels"


class Showing:
    """Keeps the layers of classes and of unsureness in a viewer up to date.

    Parameters
    ----------
    viewer : napari.Viewer
    session : Session
    """

    def __init__(self, viewer: Any, session: Session) -> None:
        self.viewer, self.session = viewer, session
        self._lattice = session.lattice()
        # what is shown of the cells: none where the classes of their pixels are
        self._cells, self._shown = (np.zeros(self._lattice.cells, np.uint8) for _ in range(2))
        self._unsure = np.zeros(self._lattice.cells, np.uint8)
        # cells of which the newest model has not told yet
        self._behind = np.zeros(self._lattice.cells, np.bool_)
        self._is_written = CLASSES in viewer.layers
        self._box: Box | None = None
        self._is_old = False
        self._coloured: dict[str, dict[str, str]] = {}

    @property
    def is_written(self) -> bool:
        """Whether the classes of all pixels are shown, from a result of the newest model."""
        return self._is_written

    def knows_pixels(self, box: Box) -> bool:
        """Whether the classes of all pixels in a box are shown."""
        return self._is_written or (self._box is not None and self._box.hull(box) == self._box)

    def is_behind(self, box: Box) -> bool:
        """Whether superpixels in a box are shown as an older model than the newest has them, or not at all."""
        spans = zip(box.start, box.stop, self._lattice.size, strict=True)
        return bool(self._behind[tuple(slice(a // size, -(-b // size)) for a, b, size in spans)].any())

    def begin(self) -> None:
        """Show superpixels in place of a result, which is of an older model from now on.

        The classes of pixels that are seen stay until there are new ones, or it ends: taking a layer away and adding it
        again takes napari as long as they take.
        """
        if SEEN not in self.viewer.layers:
            self._uncover()
        self._is_old = self._box is not None
        self._behind[:] = True
        if self._is_written or CLASSES not in self.viewer.layers:
            look = class_look(CLASSES, *self._classes()) | on_lattice(self._lattice)
            self._replace(CLASSES, (self._shown, look, "labels"))
            self._is_written = False
        if SUPERPIXELS not in self.viewer.layers:
            self._replace(SUPERPIXELS, boundaries_layer(self.session.project.graph(self.session.name)), before=CLASSES)
        if UNSURE not in self.viewer.layers:
            self._replace(UNSURE, unsure_layer(self._unsure, self._lattice))
        self.recolour()

    def take(self, found: CellClasses) -> None:
        """Show the classes of a block's superpixels."""
        places = found.block.cells.slices
        self._cells[places] = self._shown[places] = labels_of(found.classes)
        self._cover()
        self._unsure[places], self._behind[places] = found.unsure, False
        for name in (CLASSES, UNSURE):
            if name in self.viewer.layers and not (name == CLASSES and self._is_written):
                self.viewer.layers[name].refresh()

    def take_pixels(self, box: Box, classes: Any) -> None:
        """Show the classes of the pixels of a box."""
        place = tuple(map(float, box.start))
        look = class_look(SEEN, *self._classes()) | {"translate": place}
        if SEEN in self.viewer.layers:
            layer = self.viewer.layers[SEEN]
            layer.data, layer.translate, layer.features = labels_of(classes), place, look["features"]
            layer.editable = False  # which napari undoes with new data
        else:
            self._replace(SEEN, (labels_of(classes), look, "labels"), after=CLASSES)
        self._uncover()
        self._is_old = False
        self._box = box
        self._cover()
        self.viewer.layers[CLASSES].refresh()

    def end(self) -> None:
        """Take away the classes of pixels that are of an older model than those of superpixels."""
        if self._is_old:
            self._uncover()
            self._remove(SEEN)
            if CLASSES in self.viewer.layers:
                self.viewer.layers[CLASSES].refresh()

    def write(self, result: Result) -> None:
        """Show a result."""
        self._uncover()
        self._remove(SEEN)
        self._replace(CLASSES, classes_layer(result, *self._classes()))
        self._is_written = True

    def recolour(self) -> None:
        """Show the classes that there are in their colours."""
        for name in (CLASSES, SEEN):
            if name in self.viewer.layers and self._coloured.get(name) != (now := dict(self.session.classes)):
                self.viewer.layers[name].colormap = colours_of(now)
                self._coloured[name] = now

    def _cover(self) -> None:
        if self._box is not None:
            self._shown[self._covered(self._box)] = 0

    def _uncover(self) -> None:
        if self._box is not None:
            cells = self._covered(self._box)
            self._shown[cells] = self._cells[cells]
        self._box, self._is_old = None, False

    def _covered(self, box: Box) -> tuple[slice, ...]:
        """Return the cells all of whose pixels are in a box."""
        spans = zip(box.start, box.stop, self._lattice.size, self._lattice.shape, strict=True)
        return tuple(slice(-(-a // size), -(-b // size) if b == n else b // size) for a, b, size, n in spans)

    def _classes(self) -> tuple[list[str], list[str | None]]:
        return list(self.session.classes), list(self.session.classes.values())

    def _replace(self, name: str, layer: Any, after: str = "", before: str = "") -> None:
        """Add a layer in the place of the one of its name, as visible and as opaque as that was."""
        data, how, kind = layer
        self._coloured.pop(name, None)
        layers = self.viewer.layers
        place = self._below_drawn()
        if after in layers or before in layers:
            place = layers.index(after) + 1 if after else layers.index(before)
        if name in layers:
            old = layers[name]
            how = how | {"visible": old.visible, "opacity": old.opacity}
            place = layers.index(name)
            layers.remove(name)
        chosen = list(layers.selection)
        added = getattr(self.viewer, f"add_{kind}")(data, **how)
        layers.move(layers.index(added), place)
        if kind == "labels":
            added.editable = False
        with suppress(KeyError, ValueError):
            layers.selection = {one for one in chosen if one in layers}

    def _below_drawn(self) -> int:
        names = [layer.name for layer in self.viewer.layers]
        return names.index("drawn") if "drawn" in names else len(names)

    def _remove(self, name: str) -> None:
        if name in self.viewer.layers:
            self.viewer.layers.remove(name)
