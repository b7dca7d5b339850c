import math

import numpy as np
import pytest
from segmented import grid_of

from terrazzo.errors import ParameterError
from terrazzo.kernels.filters import radius
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("size", (1, 16), "size is"),
        ("size", (16,), "size is"),
        ("size", (16.0, 16.0), "size is"),
        ("compactness", -0.1, "compactness is -0.1; it must be a number of at least 0"),
        ("compactness", math.nan, "compactness is nan"),
        ("compactness", math.inf, "compactness is inf"),
        ("iterations", 0, "iterations is 0; it must be a whole number from 1 to 100"),
        ("iterations", 101, "iterations is 101"),
        ("iterations", 2.0, "iterations is 2.0"),
        ("sigma", -1, "sigma is -1.0; it must be a number of pixels from 0 to 64"),
        ("sigma", 65, "sigma is 65"),
        ("sigma", math.nan, "sigma is nan"),
        ("scale", 0, "scale is 0.0; it must be a positive intensity difference, or None"),
        ("scale", -2.0, "scale is -2.0"),
        ("scale", math.inf, "scale is inf"),
    ],
)
def test_a_value_out_of_range_is_named_with_what_is_allowed(name, value, message):
    with pytest.raises(ParameterError, match=message):
        SuperpixelParameters(**{name: value})


def test_the_ends_of_the_ranges_are_allowed():
    SuperpixelParameters((2, 2), compactness=0, iterations=1, sigma=0, scale=1e-9)
    SuperpixelParameters((2, 500), compactness=1e9, iterations=100, sigma=64, scale=1e9)


@pytest.mark.parametrize(("iterations", "sigma"), [(1, 0.0), (5, 1.0), (3, 2.5)])
def test_the_window_is_the_halo_in_cells_and_the_radius_of_the_smoothing(iterations, sigma):
    parameters = SuperpixelParameters((8, 10), iterations=iterations, sigma=sigma)
    block = grid_of((4000, 4000), (8, 10), (16, 16))[5, 5]
    for margin in (0, 1, 4):
        window = parameters.window(block, margin)
        for axis, size in enumerate((8, 10)):
            cells, around = (iterations + 2 + margin) * size, radius(4 * sigma * size / 10)
            assert window.start[axis] == block.core.start[axis] - cells - around
            assert window.stop[axis] == block.core.stop[axis] + cells + around


def test_numpy_scalars_are_taken_as_the_plain_values_they_stand_for():
    parameters = SuperpixelParameters((8, 8), np.float32(0.5), np.int64(4), np.float64(2), np.float32(3))
    assert parameters == SuperpixelParameters((8, 8), 0.5, 4, 2.0, 3.0)
    assert [type(value) for value in (parameters.compactness, parameters.iterations, parameters.scale)] == [
        float,
        int,
        float,
    ]


def test_smoothing_follows_the_size_along_each_axis():
    assert SuperpixelParameters((2, 8, 8), sigma=1).sigmas == (0.25, 1.0, 1.0)
    assert SuperpixelParameters((2, 8, 8), sigma=1).smoothing_radius == (4, 16, 16)
    assert SuperpixelParameters((16, 16), sigma=0).smoothing_radius == (0, 0)


def test_weights_are_numbers_of_which_one_is_positive():
    assert SuperpixelParameters((8, 8), weights=(1, 0)).weights == (1.0, 0.0)
    for wrong in ((0, 0), (-1, 1), (np.nan, 1), (np.inf,), ()):
        with pytest.raises(ParameterError, match="give one number of at least 0 per channel, not all of them 0"):
            SuperpixelParameters((8, 8), weights=wrong)
    with pytest.raises(ParameterError, match="a weight is 'red'; it must be a number"):
        SuperpixelParameters((8, 8), weights=("red",))


def test_a_colour_that_is_not_known_is_refused():
    with pytest.raises(ParameterError, match="colour is 'hsv'; it must be one of 'none', 'lab'"):
        SuperpixelParameters((8, 8), colour="hsv")
