import numpy as np
import pytest
from skimage.color import rgb2lab

from terrazzo.errors import InputError, ParameterError
from terrazzo.regions.superpixels.compared_channels import compared_channels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

LAB = SuperpixelParameters(colour="lab")
RGB = np.random.default_rng(0).random((3, 9, 11))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 4, 5), (3, 2, 4, 5)])
def test_without_colour_and_weights_it_is_the_image_in_single_precision(dtype, shape):
    image = (np.random.default_rng(0).random(shape) * 200).astype(dtype)
    compared = compared_channels(image, SuperpixelParameters())
    assert compared.dtype == np.float32
    assert compared.flags.c_contiguous
    assert np.array_equal(compared, image.astype(np.float32))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.float16, np.float64])
def test_white_is_the_largest_value_of_the_dtype_or_1(dtype):
    largest = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    image = (RGB * largest).astype(dtype)
    expected = rgb2lab(image.astype(np.float64) / largest, channel_axis=0)
    assert np.abs(compared_channels(image, LAB) - expected).max() < 1e-3


def test_volumes_have_colours_too():
    volume = np.stack([RGB, RGB / 2], axis=1)
    compared = compared_channels(volume, LAB)
    assert np.array_equal(compared[:, 1], compared_channels(RGB / 2, LAB))


def test_weights_are_those_of_the_channels():
    compared = compared_channels(RGB, SuperpixelParameters(weights=(1, 0, 2.5)))
    single = RGB.astype(np.float32)
    assert np.array_equal(compared, [single[0], np.zeros_like(single[1]), single[2] * np.float32(2.5)])


def test_with_lab_weights_are_those_of_lightness_a_and_b():
    compared = compared_channels(RGB, SuperpixelParameters(colour="lab", weights=(0.5, 1, 1)))
    assert np.array_equal(compared, compared_channels(RGB, LAB) * np.float32([0.5, 1, 1])[:, None, None])


@pytest.mark.parametrize("parameters", [LAB, SuperpixelParameters(), SuperpixelParameters(weights=(1, 1, 0))])
def test_a_pixel_that_is_not_finite_stays_so(parameters):
    image = RGB.copy()
    image[0, 3, 4], image[2, 5, 6] = np.nan, np.inf
    finite = np.isfinite(compared_channels(image, parameters)).all(axis=0)
    assert np.argwhere(~finite).tolist() == [[3, 4], [5, 6]]


@pytest.mark.parametrize("image", [RGB[:1], np.concatenate([RGB, RGB]), (RGB * 9).astype(np.int16), RGB > 0.5])
def test_what_has_no_colours_is_refused(image):
    with pytest.raises(InputError, match=r"channels of \w+ and colour='lab' needs red, green and blue"):
        compared_channels(image, LAB)


def test_another_number_of_weights_than_channels_is_refused():
    with pytest.raises(ParameterError, match="there are 2 weights and the image has 3 channels; give one per channel"):
        compared_channels(RGB, SuperpixelParameters(weights=(1, 1)))
