import io

import imageio.v3 as imageio
import numpy as np
import pytest
from notebook_tables import Table

from terrazzo.html import SIDE, of_classes, of_intensities, png
from terrazzo.palette import PALETTE


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
