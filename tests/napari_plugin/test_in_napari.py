"""A session in the real napari: open, stroke, fit, look, correct, fit, export. `make test-napari` runs it.

With TERRAZZO_SHOTS=FOLDER it leaves pictures of the window there.
"""

import importlib.util
import json
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import terrazzo as tz
from terrazzo.blocks import Box
from terrazzo.errors import InputError, TerrazzoError
from terrazzo.napari.ready import check_ready
from terrazzo.project.judged_cells import cell_classes
from terrazzo.project.stored_graph import StoredGraph

from .conftest import CLASSES, SIDE

PATIENCE = 300
"""Seconds after which a condition that is waited for is taken to fail."""


@pytest.fixture(scope="module")
def _napari(tmp_path_factory):
    """Skip, saying why, where no window of napari can be opened; napari's settings are its own."""
    if importlib.util.find_spec("napari") is None:
        pytest.skip("napari is not installed; make test-napari installs it")
    try:
        check_ready()
    except TerrazzoError as error:
        pytest.skip(str(error))
    os.environ["NAPARI_CONFIG"] = str(tmp_path_factory.mktemp("settings") / "settings.yaml")


@pytest.fixture
def viewer(_napari):
    import napari

    made = napari.Viewer()
    made.window.resize(1300, 850)
    yield made
    made.close()


@pytest.fixture
def panel(viewer):
    from terrazzo.napari.qt.reading import panel_of

    made = panel_of(viewer)
    yield made
    made.controls.live.setChecked(False)
    made.close_session()
    wait(lambda: made.runner.running is None)


@pytest.fixture
def notices(_napari):
    from napari.utils.notifications import notification_manager

    del notification_manager.records[:]
    return notification_manager.records


def wait(condition):
    """Handle what happens in the window until a condition holds."""
    from qtpy.QtCore import QEventLoop, QTimer

    # of QApplication, PySide6 6.12 loses a reference to None with each call
    loop, timer, began = QEventLoop(), QTimer(), time.monotonic()
    timer.start(10)
    while not condition():
        loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        assert time.monotonic() - began < PATIENCE
    loop.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)


def wait_a_while():
    """Handle what happens in the window for longer than the view rests before anything is computed for it."""
    began = time.monotonic()
    wait(lambda: time.monotonic() - began > 0.6)


def opened(panel, folder):
    panel.open_project(folder)
    wait(lambda: panel.session is not None and panel.runner.running is None)
    return panel.session


def press(viewer, points):
    """Move the mouse over an image with its button down, in the widget that shows it."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    widget = canvas_widget(viewer)
    (height, width), zoom = viewer.canvas.size, viewer.scene.camera.zoom
    middle = viewer.scene.camera.center[-2:]
    places = [
        QPoint(round((x - middle[1]) * zoom + width / 2), round((y - middle[0]) * zoom + height / 2))
        for y, x in (point[-2:] for point in points)
    ]
    QTest.mouseMove(widget, places[0])
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=places[0])
    for place in places[1:]:
        QTest.mouseMove(widget, place)
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=places[-1])
    wait(lambda: not viewer.layers["drawn"]._block_history)


def canvas_widget(viewer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return viewer.window._qt_viewer.canvas.native


def draw(panel, truth, number, seed):
    """Draw strokes of the class that is there, as an annotator would."""
    rng = np.random.default_rng(seed)
    while number:
        y, x = (int(at) for at in rng.integers(8, SIDE - 16, 2))
        cut = truth[y - 6 : y + 7, x - 6 : x + 15]
        if (cut == cut[0, 0]).all():
            panel.controls.classes.setCurrentRow(int(cut[0, 0]))
            panel.painting.layer.brush_size = 8
            press(panel.viewer, [(y, x), (y, x + 4), (y, x + 8)])
            number -= 1


def shot(viewer, name):
    if "TERRAZZO_SHOTS" in os.environ:
        folder = Path(os.environ["TERRAZZO_SHOTS"])
        folder.mkdir(parents=True, exist_ok=True)
        viewer.window.screenshot(str(folder / f"{name}.png"), canvas_only=False, flash=False)


def names(viewer):
    return [layer.name for layer in viewer.layers]


@pytest.mark.usefixtures("little")
def test_open_stroke_fit_look_correct_fit_export(viewer, panel, study, picture, tmp_path, notices):
    viewer.open(str(study.folder), plugin="terrazzo")
    wait(lambda: panel.session is not None and panel.runner.running is None)
    assert names(viewer) == ["wood", "drawn"]
    draw(panel, picture[1], 16, seed=0)
    shot(viewer, "strokes")
    drawn = tz.open_annotation(study.annotation_path("wood"), study.image("wood"), classes=list(CLASSES))
    on_disk = drawn.plane.compute()
    np.testing.assert_array_equal(on_disk, viewer.layers["drawn"].data - np.uint8(1))
    assert (on_disk[on_disk != 255] == picture[1][on_disk != 255]).all()

    panel.fit()
    assert panel.runner.running == "fit"
    assert panel.controls.buttons["stop"].isEnabled()
    wait(lambda: panel.runner.running is None)
    assert names(viewer) == ["wood", "superpixels", "classes", "uncertainty", "drawn"]
    first = np.asarray(viewer.layers["classes"].data[0]) - np.uint8(1)
    assert (first == panel.session.result().read_classes((slice(None), slice(None)))).all()
    assert (first == picture[1]).mean() > 0.6
    assert viewer.layers.selection.active.name == "drawn"
    shot(viewer, "fitted")

    panel.controls.live.setChecked(True)
    draw(panel, picture[1], 1, seed=5)
    wait(lambda: panel.runner.running == "fit")
    wait(lambda: panel.runner.running is None)
    assert len(study.models) == 2
    assert "classes in view" in names(viewer)
    seen = viewer.layers["classes in view"]
    np.testing.assert_array_equal(
        np.asarray(seen.data) - np.uint8(1), study.window("wood", (slice(0, SIDE), slice(0, SIDE)))
    )
    assert not np.asarray(viewer.layers["classes"].data).any()
    panel.controls.live.setChecked(False)
    shot(viewer, "live")

    panel.next_place()
    wait(lambda: panel.runner.running is None and "place to draw" in names(viewer))
    wait(lambda: panel.runner.running is None)
    shot(viewer, "place")
    for what, name in (("annotation", "a.geojson"), ("polygons", "p.geojson"), ("classes", "c.ome.tif")):
        panel.export(what, tmp_path / name)
        wait(lambda: panel.runner.running is None)
    assert len(json.loads((tmp_path / "a.geojson").read_text())["features"]) > 5
    assert tz.open_labels(tmp_path / "c.ome.tif").extent == (SIDE, SIDE)
    assert [record.message for record in notices if record.severity != "info"] == []


def test_undo_takes_strokes_back_one_by_one_and_redo_draws_them_again(viewer, panel, study, picture):
    session = opened(panel, study.folder)
    draw(panel, picture[1], 3, seed=1)
    whole, layer = Box((0, 0), (SIDE, SIDE)), viewer.layers["drawn"]
    drawn = session.canvas.read(whole)
    sizes = []
    for _ in range(3):
        sizes.append(int((session.canvas.read(whole) != 255).sum()))
        layer.undo()
        np.testing.assert_array_equal(session.canvas.read(whole), layer.data - np.uint8(1))
    assert sizes == sorted(sizes, reverse=True)
    assert (session.canvas.read(whole) == 255).all()
    assert not panel.controls.buttons["undo"].isEnabled()
    for _ in range(3):
        layer.redo()
    np.testing.assert_array_equal(session.canvas.read(whole), drawn)


def test_shapes_become_part_of_what_is_drawn(viewer, panel, study):
    session = opened(panel, study.folder)
    panel.add_class("knot")
    assert list(session.classes) == [*CLASSES, "knot"]
    panel.controls.buttons["shapes"].click()
    layer = viewer.layers["shapes to draw"]
    layer.add_polygons(np.array([[9.5, 19.5], [9.5, 29.5], [13.5, 29.5], [13.5, 19.5]]))
    wait(lambda: not len(layer.data))
    assert (session.canvas.read(Box((10, 20), (14, 30))) == 2).all()
    assert (viewer.layers["drawn"].data == 3).sum() == 40


@pytest.mark.usefixtures("little")
def test_a_project_is_closed_and_opened_again_in_the_same_window(viewer, panel, study, picture):
    for seed in range(3):
        opened(panel, study.folder)
        draw(panel, picture[1], 8, seed=seed)
        panel.fit()
        wait(lambda: panel.runner.running is None)
        panel.next_place()
        wait(lambda: panel.runner.running is None and "place to draw" in names(viewer))
        panel.controls.buttons["shapes"].click()
        layer = viewer.layers["shapes to draw"]
        layer.add_polygons(np.array([[9.5, 19.5], [9.5, 29.5], [13.5, 29.5], [13.5, 19.5]]))
        wait(lambda layer=layer: not len(layer.data))
        panel.close_session()
        wait(lambda: panel.runner.running is None)
        assert names(viewer) == []


@pytest.mark.usefixtures("little")
def test_mistakes_are_a_notification_of_one_sentence(viewer, panel, study, notices, tmp_path):
    def last():
        assert "\n" not in notices[-1].message
        return notices[-1].message

    panel.open_project(tmp_path / "nothing")
    assert "is no project" in last()
    opened(panel, study.folder)
    panel.fit()
    wait(lambda: panel.runner.running is None)
    assert "nothing is drawn" in last()
    press(viewer, [(-30, -30), (-25, -25)])
    assert "outside the image" in last()
    panel.controls.classes.setCurrentRow(0)
    viewer.layers["drawn"].selected_label = 7
    press(viewer, [(30, 30), (30, 40)])
    assert "choose a class first" in last()
    assert not viewer.layers["drawn"].data.any()
    panel.controls.classes.setCurrentRow(0)
    viewer.layers["drawn"].selected_label = 1
    press(viewer, [(30, 30), (30, 40)])
    panel.fit()
    wait(lambda: panel.runner.running is None)
    assert "the only one annotated" in last()
    code = f"import terrazzo as tz; tz.Project({str(study.folder)!r}).name_classes(['another'])"
    there = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=there)
    assert "in use by another program" in second.stderr


def test_an_image_that_is_not_where_it_was_is_named_and_nothing_is_open(panel, study, notices, tmp_path):
    (tmp_path / "wood.ome.zarr").rename(tmp_path / "elsewhere.ome.zarr")
    panel.open_project(study.folder)
    wait(lambda: panel.runner.running is None)
    assert "no longer at" in notices[-1].message
    assert panel.session is None


@pytest.mark.usefixtures("little")
def test_a_fit_is_cancelled_while_the_window_answers(panel, study, picture, monkeypatch):
    from terrazzo.napari import work

    monkeypatch.setattr(work, "FIRST_STEPS", 100_000)
    opened(panel, study.folder)
    draw(panel, picture[1], 16, seed=0)
    panel.fit()
    wait(lambda: panel.controls.state.text() == "fitting" and panel.controls.bar.value() > 2)
    panel.controls.buttons["stop"].click()
    wait(lambda: panel.runner.running is None)
    assert panel.controls.state.text() == "fit: stopped"
    assert not study.models


@pytest.mark.usefixtures("little")
def test_what_a_stopped_fit_left_as_it_was_is_told_when_it_is_seen_and_nothing_again_and_again(
    viewer, panel, study, picture, monkeypatch, notices
):
    from terrazzo.napari import work

    def unsure_of_newest():
        graph, found = StoredGraph(study.graph("wood")), np.zeros((SIDE // 8,) * 2, np.uint8)
        for one in cell_classes(study.fitted(), graph):
            found[one.block.cells.slices] = one.unsure
        return found

    def stopped(*given):
        panel.stop()
        yield from cell_classes(*given)

    opened(panel, study.folder)
    draw(panel, picture[1], 16, seed=0)
    viewer.scene.camera.zoom = 12
    viewer.scene.camera.center = (0, 40, 40)
    panel.fit()
    wait(lambda: panel.runner.running is None and panel.showing.is_written)
    before, begun = unsure_of_newest(), []
    with monkeypatch.context() as patched:
        patched.setattr(work, "cell_classes", stopped)
        panel.fit()
        wait(lambda: panel.runner.running is None)
    panel.runner.began.connect(begun.append)
    wait_a_while()
    assert begun == []
    assert "classes in view" in names(viewer)
    after, shown = unsure_of_newest(), viewer.layers["uncertainty"]
    assert (before != after)[16:21, 16:21].any()
    assert np.array_equal(shown.data, before)
    viewer.scene.camera.center = (0, 150, 150)
    wait(lambda: begun and panel.runner.running is None)
    assert np.array_equal(shown.data[16:21, 16:21], after[16:21, 16:21])
    assert np.array_equal(shown.data[:8, :8], before[:8, :8])
    # of many pixels only superpixels are told, and not again and again
    monkeypatch.setattr("terrazzo.napari.qt.panel.MOST_PIXELS", 0)
    viewer.scene.camera.zoom = 2
    wait(lambda: np.array_equal(shown.data, after) and panel.runner.running is None)
    del begun[:]
    wait_a_while()
    assert begun == []
    # nor is what fails tried again before something else is seen

    def failing(*_given, **_more):
        raise InputError("it cannot be read")

    monkeypatch.setattr("terrazzo.napari.qt.panel.MOST_PIXELS", work.MOST_PIXELS)
    monkeypatch.setattr("terrazzo.napari.qt.panel.show_seen", failing)
    del notices[:]
    viewer.scene.camera.zoom = 12
    viewer.scene.camera.center = (0, 40, 40)
    wait(lambda: notices and panel.runner.running is None)
    wait_a_while()
    assert begun == ["look"]
    assert [one.message for one in notices] == ["it cannot be read"]


def test_of_a_large_image_a_window_is_held_that_follows_the_view(viewer, panel, tmp_path):
    side = 6000
    tz.write_ome_zarr(tmp_path / "large.ome.zarr", np.zeros((side, side), np.uint8), axes="yx", levels="mean")
    study = tz.Project.begin(tmp_path / "large", [tmp_path / "large.ome.zarr"], size=16, classes=CLASSES)
    session = opened(panel, study.folder)
    layer = viewer.layers["drawn"]
    step = int(layer.scale[-1])
    assert step > 1
    press(viewer, [(3000, 3000), (3000, 3100)])
    far = session.canvas.read(Box((0, 0), (side, side))) != 255
    assert far.sum() % step**2 == 0
    viewer.scene.camera.center = (0, 3000, 3000)
    viewer.scene.camera.zoom = 1.0
    wait(lambda: layer.scale[-1] == 1)
    assert max(layer.data.shape) < side
    press(viewer, [(3200, 2900), (3200, 2950)])
    near = session.canvas.read(Box((0, 0), (side, side))) != 255
    assert (near[3195:3206, 2900:2950] & ~far[3195:3206, 2900:2950]).any()
    assert (near | far == near).all()
    layer.undo()
    layer.undo()
    assert not session.canvas.present


def test_a_volume_is_drawn_on_section_by_section(viewer, panel, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 200, (1, 40, 64, 64)).astype(np.uint8)
    tz.write_ome_zarr(tmp_path / "v.ome.zarr", pixels, axes="czyx")
    study = tz.Project.begin(tmp_path / "v", [tmp_path / "v.ome.zarr"], size=(2, 8, 8), classes=CLASSES)
    session = opened(panel, study.folder)
    layer = viewer.layers["drawn"]
    viewer.dims.set_point(0, 35)
    assert layer.translate[0] <= 35 < layer.translate[0] + layer.data.shape[0] < 56
    press(viewer, [(35, 30, 30), (35, 30, 40)])
    drawn = session.canvas.read(Box((0, 0, 0), (40, 64, 64)))
    assert drawn[35, 30, 30] == 0
    assert (np.delete(drawn, 35, axis=0) == 255).all()
    panel.undo()
    assert not session.canvas.present


def test_sample_data_and_results_open_as_layers(viewer, study, picture, little):  # noqa: ARG001
    viewer.open_sample("terrazzo", "colonies")
    assert names(viewer) == ["colonies", "truth"]
    viewer.layers.clear()
    model = tz.fit(
        [picture[0]],
        [picture[1]],
        size=8,
        class_names=list(CLASSES),
        network=tz.LatticeSettings(width=8, levels=1, blocks=1, pixel_width=8),
        training=tz.LatticeTraining(steps=4, device="cpu", crop=8),
    )
    result = tz.write_prediction(model, study.image("wood"), study.folder.parent / "r.zarr", block=96)
    viewer.open(result.path, plugin="terrazzo")
    assert names(viewer) == ["wood", "classes", "uncertainty", "superpixels"]
    viewer.layers["superpixels"].visible = viewer.layers["uncertainty"].visible = True
    shot(viewer, "result")
