import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.color import rgb2lab

from terrazzo.kernels.superpixels.lab import lab

unit = st.floats(0, 1, width=32)


def expected(rgb):
    return rgb2lab(np.clip(rgb, 0, 1).astype(np.float64), channel_axis=0)


def test_a_dense_grid_of_colours_is_as_scikit_image_has_it():
    steps = np.linspace(0, 1, 65, dtype=np.float32)
    rgb = np.stack(np.meshgrid(steps, steps, steps))
    assert np.abs(lab(rgb) - expected(rgb)).max() < 1e-4


def test_every_grey_of_16_bits_is_as_scikit_image_has_it():
    rgb = np.tile(np.arange(2**16, dtype=np.float32) / np.float32(2**16 - 1), (3, 1))
    assert np.abs(lab(rgb) - expected(rgb)).max() < 1e-4


@given(arrays(np.float32, (3, 2, 5), elements=unit))
def test_any_colour_is_as_scikit_image_has_it(rgb):
    assert np.abs(lab(rgb) - expected(rgb)).max() < 1e-4


@given(arrays(np.float32, (3, 7), elements=st.floats(-3, 4, width=32)))
def test_what_is_outside_0_to_1_is_clipped(rgb):
    assert np.array_equal(lab(rgb), lab(np.clip(rgb, 0, 1)))


def test_black_and_white_are_0_and_100():
    lightness, a, b = lab(np.array([[0, 1]] * 3, np.float32))
    assert np.allclose(lightness, [0, 100], atol=1e-5)
    assert np.allclose([a, b], 0, atol=5e-3)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_pixel_that_is_not_finite_is_nan(value):
    rgb = np.full((3, 4), 0.5, np.float32)
    rgb[1, 2] = value
    assert np.isnan(lab(rgb)).any(axis=0).tolist() == [False, False, True, False]


@given(st.integers(0, 40), st.integers(1, 9), st.integers(0, 20), st.integers(1, 5))
def test_a_part_has_the_bits_of_the_whole(x, width, y, height):
    rgb = np.random.default_rng(0).random((3, 31, 53), dtype=np.float32)
    whole = lab(rgb)
    assert np.array_equal(lab(rgb[:, y : y + height, x : x + width]), whole[:, y : y + height, x : x + width])


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (2, 3, 4)])
def test_images_and_volumes_keep_their_shape(shape):
    converted = lab(np.zeros((3, *shape), np.float32))
    assert converted.shape == (3, *shape)
    assert converted.dtype == np.float32
