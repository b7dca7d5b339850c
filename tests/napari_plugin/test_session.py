import fcntl
import json

import numpy as np
import pytest

import terrazzo as tz
from terrazzo.blocks import Box
from terrazzo.errors import InputError, ParameterError
from terrazzo.napari.session import Session
from terrazzo.napari.shapes import Shape

from .conftest import CLASSES, window

BOX = Box((10, 20), (14, 30))


def stroke(session, value, box=BOX):
    before = session.labels(window(box))
    return session.draw(window(box), before, np.full(box.shape, value + 1, np.uint8))


def test_the_first_stroke_makes_the_canvas_the_annotation_of_the_project(study, session):
    assert study.annotation_path("wood").name == "wood.geojson"
    assert stroke(session, 1) == BOX
    assert study.annotation_path("wood") == study.folder / "annotations" / "wood.zarr"
    drawn = tz.open_annotation(study.annotation_path("wood"), study.image("wood"), classes=list(CLASSES))
    assert (drawn.plane.compute()[BOX.slices] == 1).all()
    session.undo()
    assert not session.labels(window(BOX)).any()
    session.redo()
    assert (session.labels(window(BOX)) == 2).all()


def test_looking_leaves_nothing_behind(study):
    Session.open(study).close()
    assert not list((study.folder / "annotations").iterdir())
    assert study.annotation_path("wood").name == "wood.geojson"


def test_what_was_drawn_elsewhere_is_there_and_its_file_stays_as_it_is(study):
    ring = [[0, 0], [30, 0], [30, 20], [0, 20], [0, 0]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    shape = {"type": "Feature", "geometry": geometry, "properties": {"classification": {"name": "knot"}}}
    file = study.annotation_path("wood")
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [shape]}))
    text = file.read_text()
    session = Session.open(study)
    assert list(session.classes) == [*CLASSES, "knot"]
    assert (session.labels(window(Box((0, 0), (20, 30)))) == 3).all()
    assert not session.labels(window(Box((20, 0), (192, 192)))).any()
    assert session.undo() is None
    stroke(session, 0, Box((100, 100), (104, 104)))
    session.close()
    assert file.read_text() == text
    again = Session.open(study)
    assert (again.labels(window(Box((0, 0), (20, 30)))) == 3).all()
    assert (again.labels(window(Box((100, 100), (104, 104)))) == 1).all()
    again.close()


def test_a_project_is_held_while_it_is_open_and_a_second_program_is_told(study):
    with (study.folder / ".lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(InputError, match="in use by another program"):
            Session.open(study)
        fcntl.flock(other, fcntl.LOCK_UN)
        session = Session.open(study)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        session.close()
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_strokes_are_there_though_nobody_closed_anything(study):
    stroke(Session.open(study), 1)
    again = Session.open(tz.Project(study.folder))
    assert (again.labels(window(BOX)) == 2).all()


def test_shapes_are_drawn_as_they_look_and_one_outside_the_image_is_named(session):
    square = np.array([[9.5, 19.5], [9.5, 29.5], [13.5, 29.5], [13.5, 19.5]])
    assert session.draw_shape(Shape("polygon", square), 1) == BOX
    assert (session.labels(window(BOX)) == 2).all()
    assert session.labels(window(Box((0, 0), (192, 192)))).astype(bool).sum() == 40
    session.draw_shape(Shape("path", np.array([[100.0, 5], [100, 50]]), 3.0), 0)
    line = session.labels(window(Box((90, 0), (110, 60))))
    assert set(np.flatnonzero(line[:, 30])) == {9, 10, 11}
    corners = np.array([[40.0, 40], [40, 60], [60, 60], [60, 40]])
    session.draw_shape(Shape("ellipse", corners), 0)
    area = session.labels(window(Box((35, 35), (65, 65)))).astype(bool).sum()
    assert area == pytest.approx(np.pi * 100, rel=0.05)
    with pytest.raises(InputError, match="outside the image"):
        session.draw_shape(Shape("polygon", square - 500), 0)


def test_a_class_needs_a_name_of_its_own(session):
    session.add_class("knot", "#00ff00")
    assert list(session.classes.items())[-1] == ("knot", "#00ff00")
    for name in ("knot", " "):
        with pytest.raises(ParameterError, match="a name that no class has"):
            session.add_class(name)


def test_a_project_without_images_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(InputError, match="has no image; add one"):
        Session.open(tz.Project.begin(tmp_path / "empty"))
