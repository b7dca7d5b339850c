"""Draws napari.jpg: strokes on synthetic colonies and the classes of a fit, in napari with the plugin's panel.

It needs the extra `napari` and a display: xvfb-run -a -s "-screen 0 1600x1000x24" python docs/figures/draw_napari.py
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QEventLoop, QTimer

from terrazzo.napari.qt.reading import panel_of
from terrazzo.napari.samples import begin_colonies
from terrazzo.synthetic import colony_image

SIDE, STROKES = 1024, 24
FIGURE = Path(__file__).with_name("napari.jpg")


def main() -> None:
    viewer = napari.Viewer()
    viewer.window.resize(1300, 800)
    panel = panel_of(viewer)
    panel.open_project(begin_colonies(Path(tempfile.mkdtemp()), SIDE).folder)
    wait(lambda: panel.session is not None and panel.runner.running is None)
    draw(panel, np.asarray(colony_image((SIDE, SIDE))[1]))
    panel.fit()
    wait(lambda: panel.runner.running is None)
    wait(lambda: "classes" in viewer.layers)
    Image.fromarray(viewer.window.screenshot(canvas_only=False, flash=False)[..., :3]).save(FIGURE, quality=85)
    panel.close_session()
    viewer.close()


def draw(panel: object, truth: np.ndarray) -> None:
    """Draw strokes of the class that is there, a third of them of each."""
    rng, layer = np.random.default_rng(0), panel.painting.layer
    for number in range(STROKES):
        value = number % 3
        while True:
            y, x = (int(at) for at in rng.integers(30, SIDE - 30, 2))
            if (truth[y - 10 : y + 11, x - 24 : x + 25] == value).all():
                break
        labels = layer.data.copy()
        labels[y - 6 : y + 6, x - 20 : x + 20] = value + 1
        panel.session.draw(panel.painting.window, layer.data, labels)
        panel.painting.reload()


def wait(condition: Callable[[], bool]) -> None:
    """Let the window work until a condition holds."""
    loop, timer = QEventLoop(), QTimer()
    timer.start(10)
    while not condition():
        loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    loop.processEvents()


if __name__ == "__main__":
    main()
