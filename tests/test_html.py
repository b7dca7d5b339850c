import io

import imageio.v3 as imageio
import numpy as np
import pytest
from notebook_tables import Table

from terrazzo.html import SIDE, Html, escaped, figures, of_classes, of_intensities, png, swatches, table
from terrazzo.palette import PALETTE

NAUGHTY = "<script>alert('1')</script> & \"co\""


def test_a_table_has_a_title_and_a_row_for_all_that_is_there():
    read = Table(table("terrazzo.Image", {"Extent": "(y: 3, x: 4)", "Level": None, "Channels": 2}))
    assert read.title == "terrazzo.Image"
    assert read.rows == {"Extent": "(y: 3, x: 4)", "Channels": "2"}
    assert read.picture is None


def test_what_users_name_is_escaped_wherever_it_stands():
    texts = (
        table(NAUGHTY, {NAUGHTY: NAUGHTY}),
        table("a", {"b": swatches([NAUGHTY], [NAUGHTY])}),
        table("a", {"b": figures([NAUGHTY], [[NAUGHTY, NAUGHTY]])}),
    )
    for text in texts:
        assert "<script" not in text
        assert 'co"' not in text
    assert Table(texts[0]).rows == {NAUGHTY: NAUGHTY}
    assert Table(texts[0]).title == NAUGHTY


def test_what_is_html_already_is_left_as_it_is():
    assert escaped(Html("<b>1</b>")) == "<b>1</b>"
    assert escaped("<b>") == "&lt;b&gt;"


def test_a_class_stands_behind_its_colour_and_of_many_the_first_are_shown():
    assert "background: #ff0000" in swatches(["ground"], ["#ff0000"])
    many = swatches([f"class {n}" for n in range(20)], ["#ff0000"] * 20)
    assert "class 11" in many
    assert "class 12" not in many
    assert "(20 in all)" in many


def test_figures_have_a_head_and_lines():
    assert Table(figures(("", "a", "b"), [("one", 1, 2)])).lines == [["", "a", "b"], ["one", "1", "2"]]


def picture(html):
    return Table(html).picture


def test_a_png_is_what_other_readers_see():
    pixels = np.random.default_rng(0).integers(0, 256, (7, 11, 3), np.uint8)
    assert np.array_equal(imageio.imread(io.BytesIO(png(pixels))), pixels)


@pytest.mark.parametrize("shape", [(512, 512), (300, 512), (1, 500), (160, 160), (3, 2)])
def test_it_is_small_and_keeps_the_proportions(shape):
    step = -(-max(shape) // SIDE)
    assert picture(of_intensities(np.zeros((1, *shape)))).shape == (*(-(-n // step) for n in shape), 3)
    assert max(picture(of_classes(np.zeros(shape, np.uint8), ())).shape) <= SIDE


def test_one_channel_is_grey_from_its_lowest_to_its_highest_value():
    shown = picture(of_intensities(np.array([[[100.0, 300.0], [200.0, np.nan]]])))
    assert shown[..., 0].tolist() == [[0, 255], [128, 0]]
    assert np.ptp(shown, axis=-1).max() == 0


def test_three_channels_are_red_green_and_blue():
    shown = picture(of_intensities(np.array([[[200]], [[0]], [[100]]], np.uint8)))
    assert shown[0, 0].tolist() == [255, 0, 128]


@pytest.mark.parametrize("value", [7, np.nan, np.inf])
def test_a_constant_image_and_one_without_a_finite_pixel_are_shown(value):
    assert picture(of_intensities(np.full((1, 4, 4), value, np.float32))).max() == 0


def test_classes_have_their_colours_and_what_has_none_is_white():
    shown = picture(of_classes(np.array([[0, 1], [255, -1]]), ("#ff0000", None)))
    assert shown[0, 0].tolist() == [255, 0, 0]
    assert shown[0, 1].tolist() == list(bytes.fromhex(PALETTE[1][1:]))
    assert shown[1].tolist() == [[255] * 3] * 2
