import re

import numpy as np
import pytest

from terrazzo.blocks import Box
from terrazzo.errors import InputError
from terrazzo.regions.graphs.measure import finite_pixels, labelled_pixels, measure, measured_window
from terrazzo.regions.statistics.statistic import Statistic


def _statistic(name, compute=lambda regions: regions.area[:, None], **others):
    return Statistic(name, (name,), compute, **others)


NEAR, FAR = _statistic("near"), _statistic("far", radius=5, alignment=8)


def test_a_window_holds_the_farthest_look_and_starts_where_every_statistic_can():
    pixels = Box((20, 30), (40, 50))
    assert measured_window(pixels, (100, 100), (NEAR,)) == Box((19, 29), (41, 51))
    assert measured_window(pixels, (100, 52), (NEAR, FAR)) == Box((8, 24), (45, 52))
    assert measured_window(pixels, (100, 100), (FAR, _statistic("thirds", alignment=3))) == Box((0, 24), (45, 55))


def test_in_a_volume_a_statistic_looks_around_in_its_section_only():
    pixels = Box((3, 20, 30), (5, 40, 50))
    assert measured_window(pixels, (9, 100, 100), (FAR,)) == Box((2, 8, 24), (6, 45, 55))


def test_what_is_not_finite_is_read_as_0_outside_a_mask():
    image = np.array([[[1.0, np.nan, 3.0, 1e300]]])
    mask = np.array([[True, False, True, False]])
    found = finite_pixels(image, Box((0, 0), (1, 4)), mask)
    assert found.dtype == np.float32
    assert found.tolist() == [[[1, 0, 3, 0]]]


@pytest.mark.parametrize("mask", [None, np.array([[False, True, False]])])
def test_what_is_not_finite_elsewhere_is_named_in_coordinates_of_the_whole_image(mask):
    image = np.array([[[1.0, np.inf, 3.0]]])
    with pytest.raises(InputError, match=re.escape("the image is inf in channel 0 at pixel (y, x) = (7, 10)")):
        finite_pixels(image, Box((7, 9), (8, 12)), mask)


def test_labels_are_known_where_their_box_and_the_window_overlap():
    labels, box = np.array([[7, 0, 2], [0, 5, 0]]), Box((4, 10), (6, 13))
    assert labelled_pixels(labels, box, Box((3, 11), (6, 15))).tolist() == [
        [False, False, False, False],
        [False, True, False, False],
        [True, False, False, False],
    ]
    assert labelled_pixels(labels, box, Box((5, 10), (6, 12))).tolist() == [[False, True]]


def test_each_statistic_fills_its_columns_channel_by_channel():
    index = np.array([[0, 0, 1]], np.int32)

    def total(regions):
        assert regions.origin == (4, 9)
        inside = regions.index >= 0
        return np.bincount(regions.index[inside], regions.image[inside], regions.area.size)[:, None]

    image = np.arange(10, dtype=np.float32).reshape(2, 1, 5)
    size = _statistic("size", per_channel=False)
    table = measure(
        image, Box((4, 9), (5, 14)), index, Box((4, 10), (5, 13)), np.array([2, 1]), (_statistic("total", total), size)
    )
    assert table.dtype == np.float32
    assert table.tolist() == [[3, 13, 2], [3, 8, 1]]


def test_where_there_is_no_region_nothing_is_computed():
    def refuse(_):
        raise AssertionError("measured nothing")

    none, box = np.full((2, 2), -1, np.int32), Box((0, 0), (2, 2))
    table = measure(np.zeros((3, 2, 2), np.float32), box, none, box, np.zeros(0, np.int64), (_statistic("a", refuse),))
    assert table.shape == (0, 3)
