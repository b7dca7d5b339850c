"""The loop in napari on the 92 Mpx slide, as a user goes: seconds and actions of each step, in a real window.

xvfb-run -a -s "-screen 0 1600x1000x24" PYTHON benchmarks/walk.py [FOLDER]

PYTHON has terrazzo and napari; an action is a click, a key, a stroke, or a text that is typed. The strokes are where
the rule of `slide.py` is certain of glass or tissue. With TERRAZZO_SHOTS=FOLDER it leaves pictures of the window.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from microscopy import data_folder
from qtpy.QtCore import QEventLoop, QPoint, Qt, QTimer
from qtpy.QtTest import QTest
from slide import RADIUS, rule

import terrazzo as tz
from terrazzo.napari.qt.reading import panel_of
from terrazzo.napari.work import SeenClasses

STROKES, LENGTH = 12, 16
CLASSES = ["glass", "tissue"]


class Walk:
    """A viewer with its panel, and what each step took."""

    def __init__(self, viewer: Any) -> None:
        self.viewer, self.panel = viewer, panel_of(viewer)
        self.steps: list[dict[str, Any]] = []

    def step(self, name: str, actions: int, act: Callable[[], Any], *until: tuple[str, Callable[[], bool]]) -> None:
        """Do something, and note the seconds until each of some conditions holds."""
        began, taken = time.monotonic(), {}
        act()
        for what, condition in until:
            self.wait(condition)
            taken[what] = round(time.monotonic() - began, 1)
        self.steps.append({"step": name, "actions": actions, "seconds": taken})
        print(json.dumps(self.steps[-1]), flush=True)
        if "TERRAZZO_SHOTS" in os.environ:
            path = Path(os.environ["TERRAZZO_SHOTS"]) / f"{len(self.steps)}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            self.viewer.window.screenshot(str(path), canvas_only=False, flash=False)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Handle what happens in the window until a condition holds."""
        loop, timer = QEventLoop(), QTimer()
        timer.start(10)
        while not condition():
            loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        loop.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)

    @property
    def rests(self) -> bool:
        """Whether nothing runs."""
        return self.panel.runner.running is None

    def has(self, layer: str) -> Callable[[], bool]:
        """Return whether there is a layer, when it is asked."""
        return lambda: layer in self.viewer.layers

    def look_at(self, y: int, x: int, zoom: float) -> None:
        self.viewer.scene.camera.center = (0, y, x)
        self.viewer.scene.camera.zoom = zoom
        QTest.qWait(300)
        self.wait(lambda: self.viewer.layers["drawn"].scale[-1] == 1 and self.rests)

    def stroke(self, row: int, y: int, x: int) -> None:
        """Paint a short line with the mouse."""
        self.panel.controls.classes.setCurrentRow(row)
        self.panel.painting.layer.brush_size = 10
        widget = self.viewer.window._qt_viewer.canvas.native
        (height, width), zoom = self.viewer.canvas.size, self.viewer.scene.camera.zoom
        middle = self.viewer.scene.camera.center[-2:]
        places = [
            QPoint(round((at - middle[1]) * zoom + width / 2), round((y - middle[0]) * zoom + height / 2))
            for at in range(x, x + LENGTH, 4)
        ]
        QTest.mouseMove(widget, places[0])
        QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=places[0])
        for place in places[1:]:
            QTest.mouseMove(widget, place)
        QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=places[-1])
        QTest.qWait(20)


def certain(image: tz.Image, top: int, left: int, side: int, number: int, seed: int) -> list[tuple[int, int, int]]:
    """Return class and place of some strokes in a square of which the rule is certain, the classes in turn."""
    rng, found = np.random.default_rng(seed), list[tuple[int, int, int]]()
    pixels = image.stored[:, top : top + side, left : left + side]
    classes = rule(pixels)
    tries = 0
    while len(found) < number and tries < 100_000:
        tries += 1
        y, x = (int(at) for at in rng.integers(RADIUS, side - 2 * RADIUS, 2))
        cut = classes[y - 6 : y + 6, x - 6 : x + LENGTH + 6]
        wanted = len(found) % len(CLASSES)
        if (cut == wanted).mean() > 0.97:
            found.append((wanted, top + y, left + x))
    return found


def mixed(image: tz.Image, side: int) -> tuple[int, int]:
    """Return the corner of a square with much of both classes."""
    rng = np.random.default_rng(1)
    while True:
        top, left = (int(rng.integers(0, n - side)) for n in image.extent)
        classes = rule(image.stored[:, top : top + side : 4, left : left + side : 4])
        if min((classes == one).mean() for one in range(len(CLASSES))) > 0.3:
            return top, left


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if sys.argv[1:] else temporary)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "slide.ome.zarr"
        if not path.exists():
            source = tz.open_image(next((data_folder("breast-he-slide") / "images").glob("*.jpg")))
            tz.write_ome_zarr(path, source.data, levels="mean")
        began = time.monotonic()
        viewer = napari.Viewer()
        viewer.window.resize(1400, 950)
        walk, image = Walk(viewer), tz.open_image(path)
        panel = walk.panel
        walk.steps.append({"step": "napari opens", "actions": 1, "seconds": {"": round(time.monotonic() - began, 1)}})
        study, side = folder / "study", 700
        begin = (study, [str(path)], CLASSES, 16)
        # New project…, its folder, its image, two names of classes, OK
        walk.step("begin a project", 6, lambda: panel.begin_project(*begin), ("shown", lambda: bool(panel.session)))
        walk.wait(lambda: walk.rests)
        top, left = mixed(image, side)
        places = certain(image, top, left, side, STROKES + 2, seed=0)

        def draw() -> None:
            walk.look_at(top + side // 2, left + side // 2, 1.2)
            for row, y, x in places[:STROKES]:
                walk.stroke(row, y, x)

        # a click on a class, then its strokes, of each class; two turns of the wheel
        walk.step("go there and draw 12 strokes", STROKES + 4, draw, ("drawn", lambda: True))
        seen, written = ("classes of what is seen", walk.has("classes in view")), ("the whole", lambda: walk.rests)
        walk.step("fit", 1, panel.fit, seen, written)
        seen_again = []

        def again() -> None:
            panel.runner.told.connect(lambda one: seen_again.append(one) if isinstance(one, SeenClasses) else None)
            panel.controls.live.setChecked(True)
            walk.stroke(*places[STROKES])

        shown = ("classes of what is seen", lambda: bool(seen_again))
        walk.step("one more stroke, live", 2, again, shown, ("rests", lambda: walk.rests))
        panel.controls.live.setChecked(False)
        walk.step("next place to draw", 1, panel.next_place, ("there", walk.has("place to draw")))
        walk.wait(lambda: walk.rests)
        walk.step("a stroke there and fit again", 3, lambda: (walk.stroke(*places[-1]), panel.fit()), written)
        export = folder / "classes.geojson"
        export.unlink(missing_ok=True)
        walk.step("export polygons", 3, lambda: panel.export("polygons", export), ("written", lambda: walk.rests))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps({"actions": sum(one["actions"] for one in walk.steps), "peak_memory_mib": peak}))
        panel.close_session()
        viewer.close()


if __name__ == "__main__":
    main()
