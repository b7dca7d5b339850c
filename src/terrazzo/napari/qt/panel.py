"""The panel of the plugin: a project, its classes, and the buttons to fit, look and go on."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from terrazzo.napari.exports import export_annotation, export_classes, export_polygons
from terrazzo.napari.layers import LayerData
from terrazzo.napari.qt.asking import ask_class, ask_new, ask_project, ask_target
from terrazzo.napari.qt.controls import EXPORTS, Controls
from terrazzo.napari.qt.drawing_shapes import NAME as SHAPES
from terrazzo.napari.qt.drawing_shapes import DrawingShapes
from terrazzo.napari.qt.notices import said, say, warn
from terrazzo.napari.qt.painting import NAME as DRAWN
from terrazzo.napari.qt.painting import Painting
from terrazzo.napari.qt.running import Runner
from terrazzo.napari.qt.showing import CLASSES, SEEN, SUPERPIXELS, UNSURE, Showing
from terrazzo.napari.qt.view import PLACE, View
from terrazzo.napari.session import Session
from terrazzo.napari.work import (
    MOST_PIXELS,
    Fitted,
    Notice,
    SeenClasses,
    Suggestion,
    Written,
    fit_and_show,
    is_open,
    next_places,
    show_classes,
    show_seen,
)
from terrazzo.progress import Step
from terrazzo.project.judged_cells import CellClasses
from terrazzo.project.places import Place
from terrazzo.project.project import Project

MILLISECONDS = 200
"""How long the view, or the hand that draws, rests before anything is computed for it."""

WORDS = {
    "coarse levels": "making levels to look at",
    "superpixels": "making superpixels",
    "graphs": "making superpixels",
    "tables": "reading what is drawn",
    "steps": "fitting",
    "epochs": "fitting",
    "superpixels' classes": "classes of superpixels",
    "classes": "classes of pixels",
    "levels": "writing coarser levels",
    "looked at": "looking for places to draw",
    "polygons": "outlining",
}
OURS = (CLASSES, SEEN, UNSURE, SUPERPIXELS, DRAWN, SHAPES, PLACE)
"""The layers that are taken out of the viewer with a project, besides those of its image."""

FIT, LOOK, OPEN, SUGGEST, EXPORT = "fit", "look", "open", "suggest", "export"


class Panel(QWidget):
    """Draw, fit, look and draw again.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.session: Session | None = None
        self.painting: Painting | None = None
        self.showing: Showing | None = None
        self.shapes: DrawingShapes | None = None
        self.places: list[Suggestion] = []
        self._added: list[str] = []
        self._noticed: set[Notice] = set()
        self._is_stopped = False
        self.runner = Runner(self)
        self.view = View(napari_viewer)
        self.controls = self._build()
        self._rest, self._stroke = QTimer(self), QTimer(self)
        for timer, action in ((self._rest, self._look), (self._stroke, self._fit_live)):
            timer.setSingleShot(True)
            timer.setInterval(MILLISECONDS)
            timer.timeout.connect(action)
        self.view.moved(self._moved)
        # napari refuses strokes in a section that its layer does not hold
        self.view.other_section(self._follow)
        self.runner.told.connect(self._take)
        self.runner.began.connect(self._began)
        self.runner.ended.connect(self._ended)
        self._enable()

    # what a user does

    def open_project(self, folder: str | Path, name: str | None = None) -> None:
        """Open an image of a project, by default the first, in place of what is open."""
        with said():
            self._open(Project(Path(folder)), name)

    def begin_project(self, folder: str | Path, images: list[str], classes: list[str], size: int) -> None:
        """Begin a project of images and open the first."""
        with said():
            self._open(Project.begin(Path(folder), images, classes=classes, size=size), None)

    def add_class(self, name: str) -> None:
        """Add a class and draw with it from now on."""
        if self.session is None or self.painting is None or self.showing is None:
            return
        with said():
            self.session.add_class(name)
            self.painting.recolour()
            self.showing.recolour()
            self.controls.list_classes(self.session.classes, len(self.session.classes) - 1)

    def fit(self, *, anew: bool = False) -> None:
        """Fit on what is drawn and show what the model says: of what is seen first."""
        self._start_fit(live=False, anew=anew)

    def stop(self) -> None:
        """Stop what runs until something else is seen or fitted; what is finished stays."""
        self._is_stopped = True
        self.runner.stop()

    def next_place(self) -> None:
        """Go to the place where drawing would help most, of those that nothing is drawn in yet."""
        if self.session is None:
            return
        while self.places and not is_open(self.session, self.places[0]):
            self.places.pop(0)
        if self.places:
            self._go_to(self.places.pop(0).place)
        else:
            session = self.session
            self.runner.start(SUGGEST, lambda _tells, _stop: next_places(session), self._take_places)

    def export(self, what: str, path: str | Path) -> None:
        """Write "annotation", "classes" or "polygons" to a file, which is replaced."""
        if self.session is None:
            return
        writes: dict[str, Callable[[Session, Path], Any]] = {
            "annotation": export_annotation,
            "classes": export_classes,
            "polygons": export_polygons,
        }
        work = partial(_exported, writes[what], self.session, Path(path))
        self.runner.start(EXPORT, work, lambda _: say(f"written to '{path}'"))

    def undo(self) -> None:
        """Take back the last stroke."""
        if self.painting is not None:
            self.painting.undo()

    def close_session(self) -> None:
        """Let go of the project, and take its layers out of the viewer."""
        self.runner.stop()
        if self.session is not None:
            self.session.close()
            for name in (*self._added, *OURS):
                if name in self.viewer.layers:
                    self.viewer.layers.remove(name)
        self.session = self.painting = self.showing = self.shapes = None
        self.places = []

    def closeEvent(self, event: Any) -> None:  # noqa: N802
        """Let go of the project when the panel is closed."""
        self.runner.stop()
        if self.session is not None:
            self.session.close()
            self.session = None
        super().closeEvent(event)

    # how a project is opened

    def _open(self, project: Project, name: str | None) -> None:
        self.close_session()
        self.runner.start(OPEN, lambda _tells, _stop: _opened(project, name), self._opened)

    def _opened(self, found: tuple[Session, list[LayerData]]) -> None:
        session, layers = found
        self.session = session
        self._added = [how["name"] for _, how, _ in layers]
        for data, how, kind in layers:
            added = getattr(self.viewer, f"add_{kind}")(data, **how)
            if kind == "labels":
                added.editable = False
        self.viewer.reset_view()
        self.showing = Showing(self.viewer, session)
        seen = self.view.seen(session.image.extent) or self.view.whole(session.image.extent)
        self.painting = Painting(self.viewer, session, seen, self.view.zoom, self._drawn)
        self.shapes = DrawingShapes(self.viewer, session, self._shape_drawn)
        self.controls.list_images(session.project.images, session.name)
        self.controls.list_classes(session.classes, 0)
        self.painting.layer.mode = "paint"
        self._enable()
        if self.session.project.models and not self.showing.is_written and not self.session.project.unmeasured:
            self._show_again()

    # what happens by itself

    def _drawn(self) -> None:
        if self.controls.live.isChecked():
            self._stroke.start()
        self._enable()

    def _shape_drawn(self) -> None:
        if self.painting is not None:
            self.painting.reload()
        self._drawn()

    def _fit_live(self) -> None:
        if self.controls.live.isChecked() and self.session is not None:
            self._start_fit(live=True)

    def _start_fit(self, *, live: bool, anew: bool = False) -> None:
        session = self.session
        if session is None:
            return
        self.places = []

        def work(tells: Callable[[Any], None], _stop: Any) -> None:
            fit_and_show(session, lambda: self.view.last_seen, tells, live=live, anew=anew, whole=not live)

        self.runner.start(FIT, work)

    def _moved(self) -> None:
        self._is_stopped = False
        self._rest.start()

    def _follow(self) -> None:
        if self.session is not None and self.painting is not None:
            seen = self.view.seen(self.session.image.extent)
            if seen is not None:
                self.painting.follow(seen, self.view.zoom)

    def _look(self) -> None:
        """Keep up with what is seen: the window to draw in, and the classes of its pixels and superpixels."""
        session, painting, showing = self.session, self.painting, self.showing
        if session is None or painting is None or showing is None:
            return
        seen = self.view.seen(session.image.extent)
        if seen is None:
            return
        painting.follow(seen, self.view.zoom)
        pixels = not showing.knows_pixels(seen) and math.prod(seen.shape) <= MOST_PIXELS
        cells = showing.is_behind(seen)
        allowed = self.runner.running is None and session.project.models and not self._is_stopped
        if allowed and (pixels or cells):
            self.runner.start(LOOK, lambda tells, _: show_seen(session, seen, tells, pixels=pixels, cells=cells))

    def _show_again(self) -> None:
        session, showing = self.session, self.showing
        if session is not None and showing is not None:
            showing.begin()
            self.runner.start(LOOK, lambda tells, _stop: show_classes(session, lambda: self.view.last_seen, tells))

    def _take(self, told: Any) -> None:
        if isinstance(told, Step):
            self.controls.progress(WORDS.get(told.name, told.name), told.done, max(1, told.total))
            return
        if isinstance(told, Notice):
            if told not in self._noticed:
                self._noticed.add(told)
                warn(told.sentence)
            return
        if self.showing is None:
            return
        if isinstance(told, Fitted):
            self.showing.begin()
            seen = self.view.last_seen
            if seen is None or math.prod(seen.shape) > MOST_PIXELS:  # there will be none of its pixels
                self.showing.end()
            self.controls.score.setText(_score(told))
        elif isinstance(told, CellClasses):
            self.showing.take(told)
        elif isinstance(told, SeenClasses):
            self.showing.take_pixels(told.box, told.classes)
        elif isinstance(told, Written):
            self.showing.write(told.result)

    def _take_places(self, places: list[Suggestion]) -> None:
        self.places = places
        if places:
            self.next_place()
        else:
            say("there is no place to suggest: all is drawn on, or the model is sure everywhere")

    def _go_to(self, place: Place) -> None:
        self.view.go_to(place.start, place.stop)
        self.view.mark(place.start, place.stop)
        likeliest, other = place.classes
        self.controls.state.setText(f"{likeliest} or {other}?")

    def _began(self, name: str) -> None:
        self._is_stopped = self._is_stopped and name not in (FIT, OPEN)
        words = {FIT: "fitting", OPEN: "opening", SUGGEST: "looking for places to draw"}
        self.controls.progress(words.get(name, name), 0, 0)
        self._enable()

    def _ended(self, name: str, finished: bool) -> None:
        self.controls.progress("" if finished else f"{name}: stopped", int(finished), 1)
        self._is_stopped |= name == LOOK and not (finished or self.runner.waits)  # a mistake would be made again
        if self.showing is not None:
            self.showing.end()
        self._enable()
        self._rest.start()

    # how it looks

    def _build(self) -> Controls:
        actions: dict[str, Callable[[], Any]] = {
            "open": self._ask_project,
            "begin": self._ask_new,
            "class": self._ask_class,
            "shapes": self._draw_shapes,
            "undo": self.undo,
            "fit": self.fit,
            "anew": partial(self.fit, anew=True),
            "stop": self.stop,
            "next": self.next_place,
        }
        made = Controls(self, actions, self._ask_export)
        made.images.activated.connect(self._choose_image)
        made.classes.currentRowChanged.connect(self._choose_class)
        return made

    def _enable(self) -> None:
        session, idle = self.session, self.runner.running is None
        there = session is not None
        allowed = dict.fromkeys(("class", "shapes", "fit", "anew"), there)
        undone = session is not None and session.canvas.can_undo
        fitted = session is not None and bool(session.project.models)
        self.controls.enable(allowed | {"undo": undone, "stop": not idle, "next": fitted, "export": there and idle})

    def _choose_class(self, row: int) -> None:
        if self.painting is not None and row >= 0:
            self.painting.choose(row)
            if self.shapes is not None:
                self.shapes.value = row

    def _choose_image(self, row: int) -> None:
        session = self.session
        if session is not None and self.controls.images.itemText(row) != session.name:
            self._open(session.project, self.controls.images.itemText(row))

    def _draw_shapes(self) -> None:
        if self.shapes is not None:
            self.shapes.begin()

    # what a user is asked

    def _ask_project(self) -> None:
        folder = ask_project(self)
        if folder is not None:
            self.open_project(folder)

    def _ask_new(self) -> None:
        begun = ask_new(self)
        if begun is not None:
            self.begin_project(begun.folder, begun.images, begun.classes, begun.size)

    def _ask_class(self) -> None:
        name = ask_class(self)
        if name is not None:
            self.add_class(name)

    def _ask_export(self, what: str) -> None:
        if self.session is not None:
            path = ask_target(self, f"{self.session.name}-{what}.{EXPORTS[what][1]}")
            if path is not None:
                self.export(what, path)


def _opened(project: Project, name: str | None) -> tuple[Session, list[LayerData]]:
    session = Session.open(project, name)
    try:
        return session, session.layers()
    except BaseException:
        session.close()
        raise


def _exported(write: Callable[[Session, Path], Any], session: Session, path: Path, _tells: Any, _stop: Any) -> Any:
    return write(session, path)


def _score(told: Fitted) -> str:
    scores = told.model.scores
    iou = scores.get("validation_mean_iou", math.nan)
    judged = f"mean IoU {iou:.3f}" if math.isfinite(iou) else f"accuracy {scores['validation_accuracy']:.3f}"
    return f"{told.model.file.removeprefix('models/').removesuffix('.safetensors')}: {judged} on what is held out"
