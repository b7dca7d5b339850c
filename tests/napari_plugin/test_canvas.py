import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import terrazzo as tz
from terrazzo.blocks import Box
from terrazzo.errors import InputError
from terrazzo.napari.canvas import Canvas

EMPTY = 255


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("canvas") / "a.ome.zarr"
    tz.write_ome_zarr(path, np.zeros((600, 530), np.uint8), axes="yx", pixel_size=(0.5, 0.5))
    return tz.open_image(path)


def strokes():
    boxes = st.tuples(st.integers(0, 590), st.integers(0, 520), st.integers(1, 300), st.integers(1, 300))
    return st.lists(st.tuples(boxes, st.sampled_from([0, 1, 2, EMPTY])), min_size=1, max_size=4)


@settings(max_examples=15)
@given(strokes())
def test_what_is_drawn_is_on_disk_at_once_and_comes_back_by_undo(image, tmp_path_factory, drawn):
    path = tmp_path_factory.mktemp("drawn") / "a.zarr"
    canvas, truth = Canvas.begin(path, image), [np.full(image.extent, EMPTY, np.uint8)]
    for (top, left, height, width), value in drawn:
        box = Box((top, left), (min(600, top + height), min(530, left + width)))
        canvas.paint(box, np.full(box.shape, value, np.uint8), np.ones(box.shape, bool))
        now = truth[-1].copy()
        now[box.slices] = value
        truth.append(now)
        np.testing.assert_array_equal(tz.open_annotation(path, image).plane.compute(), now)
    whole = Box((0, 0), image.extent)
    for earlier in truth[-2::-1]:
        assert canvas.undo() is not None
        np.testing.assert_array_equal(Canvas.open(path, image).read(whole), earlier)
    assert canvas.undo() is None
    assert not list((path / "0" / "c").rglob("[0-9]/[0-9]"))
    for later in truth[1:]:
        assert canvas.redo() is not None
        np.testing.assert_array_equal(canvas.read(whole), later)


def test_seen_from_afar_a_thin_stroke_is_there_and_one_drawn_from_afar_fills_whole_steps(image, tmp_path):
    canvas = Canvas.begin(tmp_path / "a.zarr", image)
    line = Box((3, 0), (4, 530))
    canvas.paint(line, np.full(line.shape, 1, np.uint8), np.ones(line.shape, bool))
    far = canvas.read(Box((0, 0), (600, 530)), (8, 8))
    assert far.shape == (75, 67)
    assert (far[0] == 1).all()
    assert (far[1:] == EMPTY).all()
    values, changed = np.full((75, 67), 2, np.uint8), np.zeros((75, 67), bool)
    changed[74, 66] = changed[40, 31] = True
    assert canvas.paint(Box((0, 0), (600, 530)), values, changed, (8, 8)) == Box((320, 248), (600, 530))
    fine = canvas.read(Box((0, 0), (600, 530)))
    assert (fine[592:, 528:] == 2).all()
    assert (fine[320:328, 248:256] == 2).all()
    assert (fine == 2).sum() == 8 * 2 + 64
    assert len(canvas.present) == 3 + 2


def test_a_canvas_of_another_image_or_none_is_named(image, tmp_path):
    np.save(tmp_path / "other.npy", np.zeros((20, 20), np.uint8))
    Canvas.begin(tmp_path / "a.zarr", image)
    with pytest.raises(InputError, match="drawn on another image"):
        Canvas.open(tmp_path / "a.zarr", tz.open_image(tmp_path / "other.npy"))
    with pytest.raises(InputError, match="nothing that can be drawn on"):
        Canvas.open(tmp_path / "b.zarr", image)
    assert Canvas.is_at(tmp_path / "a.zarr")
    assert not Canvas.is_at(tmp_path / "other.npy")


def test_sections_of_a_volume_are_drawn_on_one_by_one(tmp_path):
    tz.write_ome_zarr(tmp_path / "v.ome.zarr", np.zeros((1, 20, 40, 50), np.uint8), axes="czyx")
    image = tz.open_image(tmp_path / "v.ome.zarr")
    canvas = Canvas.begin(tmp_path / "d.zarr", image)
    box = Box((17, 5, 5), (18, 9, 9))
    canvas.paint(box, np.zeros(box.shape, np.uint8), np.ones(box.shape, bool))
    plane = tz.open_annotation(tmp_path / "d.zarr", image).plane.compute()
    assert plane.shape == (20, 40, 50)
    assert (plane == 0).sum() == 16
    assert (plane[17, 5:9, 5:9] == 0).all()
