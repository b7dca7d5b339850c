import json
from threading import Event

import numpy as np
import pytest

import terrazzo as tz
from terrazzo import progress
from terrazzo.blocks import Box
from terrazzo.errors import InputError, ParameterError
from terrazzo.napari import work
from terrazzo.napari.exports import export_annotation, export_classes, export_polygons
from terrazzo.napari.layers import result_layers
from terrazzo.napari.reader import get_reader
from terrazzo.napari.work import Fitted, SeenClasses, StoppedError, Written, fit_and_show, heard, is_open, next_places
from terrazzo.progress import Step
from terrazzo.project.judged_cells import CellClasses

from .conftest import CLASSES, SIDE, draw_truth

SEEN = Box((0, 100), (90, 190))
WHOLE = (slice(None), slice(None))


def kinds(told):
    return [type(one) for one in told if not isinstance(one, Step)]


def of(kind, told):
    return [one for one in told if isinstance(one, kind)]


@pytest.mark.usefixtures("little")
def test_of_many_pixels_the_superpixels_come_first(session, picture, monkeypatch):
    monkeypatch.setattr(work, "FEW_PIXELS", 90 * 90 - 1)
    draw_truth(session, picture[1])
    told = []
    fit_and_show(session, lambda: SEEN, told.append, whole=False)
    assert kinds(told) == [Fitted, CellClasses, SeenClasses, *[CellClasses] * 3]


@pytest.mark.usefixtures("little")
def test_what_is_seen_comes_first_and_all_is_what_predicting_gives(session, picture, tmp_path):
    draw_truth(session, picture[1])
    told = []
    with heard(told.append, Event()):
        fit_and_show(session, lambda: SEEN, told.append)
    (pixels,), (written,) = of(SeenClasses, told), of(Written, told)
    order = kinds(told)
    assert order[0] is Fitted
    assert order[1:] == [SeenClasses, *[CellClasses] * 4, Written]
    assert of(CellClasses, told)[0].block.core == Box((0, 96), (96, 192))
    assert {"superpixels", "tables", "steps", "superpixels' classes", "classes"} <= {one.name for one in of(Step, told)}

    classes = written.result.read_classes(WHOLE)
    np.testing.assert_array_equal(pixels.classes, classes[SEEN.slices])
    cells, unsure = np.zeros((24, 24), np.uint8), np.zeros((24, 24), np.uint8)
    for one in of(CellClasses, told):
        cells[one.block.cells.slices], unsure[one.block.cells.slices] = one.classes, one.unsure
    nodes, of_nodes = written.result.nodes.compute(), np.full(cells.size, 255, np.uint8)
    of_nodes[nodes["id"].to_numpy() - 1] = nodes["class"]
    np.testing.assert_array_equal(cells.ravel(), of_nodes)
    assert session.result() == written.result

    layers = {how["name"]: (data, kind) for data, how, kind in result_layers(written.result)}
    assert list(layers) == ["wood", "classes", "uncertainty", "superpixels"]
    np.testing.assert_array_equal(np.asarray(layers["classes"][0][0]), classes + 1)
    np.testing.assert_allclose(np.asarray(layers["uncertainty"][0], int), unsure, atol=1)
    assert [how["name"] for _, how, _ in session.layers()] == ["wood", "superpixels", "classes"]
    assert len(get_reader(str(session.project.folder))(str(session.project.folder))) == 4
    assert len(get_reader(written.result.path)([written.result.path])) == 4

    places = next_places(session)
    assert places
    assert all(is_open(session, one) for one in places)
    box = Box(places[0].place.start, places[0].place.stop)
    session.canvas.paint(box, np.zeros(box.shape, np.uint8), np.ones(box.shape, bool))
    assert not is_open(session, places[0])

    export_classes(session, tmp_path / "c.ome.tif")
    np.testing.assert_array_equal(tz.open_labels(tmp_path / "c.ome.tif").plane.compute(), classes)
    assert export_polygons(session, tmp_path / "c.geojson") >= 2
    again = tz.open_annotation(tmp_path / "c.geojson", session.image, classes=list(CLASSES))
    np.testing.assert_array_equal(again.plane.compute(), classes)


def test_what_is_drawn_is_exported_and_drawn_again_it_is_the_same(session, picture, tmp_path):
    with pytest.raises(InputError, match="nothing is drawn yet"):
        export_annotation(session, tmp_path / "a.geojson")
    draw_truth(session, picture[1])
    count = export_annotation(session, tmp_path / "a.geojson")
    shapes = json.loads((tmp_path / "a.geojson").read_text())["features"]
    assert len(shapes) == count
    drawn = tz.open_annotation(tmp_path / "a.geojson", session.image, classes=list(CLASSES)).plane.compute()
    np.testing.assert_array_equal(drawn, session.canvas.read(Box((0, 0), (SIDE, SIDE))))
    with pytest.raises(InputError, match="polygons are GeoJSON"):
        export_annotation(session, tmp_path / "a.tif")


@pytest.mark.usefixtures("little")
def test_a_fit_that_is_stopped_ends_within_a_step_and_loses_nothing(session, picture):
    draw_truth(session, picture[1])
    before = session.canvas.read(Box((0, 0), (SIDE, SIDE)))
    stop, steps = Event(), []

    def tells(told):
        if isinstance(told, Step) and told.name == "steps":
            steps.append(told.done)
            stop.set()

    with pytest.raises(StoppedError), heard(tells, stop):
        fit_and_show(session, lambda: None, tells)
    assert steps == [1]
    assert not session.project.models
    assert not session.project.unmeasured
    np.testing.assert_array_equal(session.canvas.read(Box((0, 0), (SIDE, SIDE))), before)
    told = []
    fit_and_show(session, lambda: None, told.append, live=True, whole=False)
    assert kinds(told) == [Fitted, *[CellClasses] * 4]
    fit_and_show(session, lambda: SEEN, told.append, live=True, whole=False)
    assert [model.start for model in session.project.models] == [None, "models/0001.safetensors"]
    assert session.project.models[-1].scores["steps"] == work.LIVE_STEPS


def test_the_first_and_the_last_step_of_each_name_are_told_and_of_the_others_some():
    told = []
    with heard(told.append, Event()):
        for name in ("tables", "steps"):
            for done in range(1, 1001):
                progress.tell(Step(name, done, 1000))
    for name in ("tables", "steps"):
        steps = [one.done for one in told if one.name == name]
        assert steps[0] == 1
        assert steps[-1] == 1000
        assert len(steps) < 1000


def test_a_fit_without_strokes_or_with_one_class_is_told_in_one_sentence(session):
    with pytest.raises(InputError, match="nothing is drawn"):
        fit_and_show(session, lambda: None, lambda _: None)
    box = Box((10, 10), (20, 20))
    session.canvas.paint(box, np.zeros(box.shape, np.uint8), np.ones(box.shape, bool))
    session.project.draw_in("wood", session.canvas.path)
    with pytest.raises(ParameterError):
        fit_and_show(session, lambda: None, lambda _: None)
