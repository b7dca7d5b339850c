import re

import numpy as np
import pytest
from segmented import blobs

from terrazzo.errors import ParameterError
from terrazzo.regions.statistics.features import INTENSITY, scale_space, scale_space_eigen
from terrazzo.regions.statistics.statistic import Regions, Statistic, column_names


def test_columns_are_named_statistic_by_statistic_and_channel_by_channel():
    both = Statistic("both", ("sum", "product"), lambda _: None, per_channel=False)
    assert column_names((both, INTENSITY), 2) == ("sum", "product", "mean_0", "std_0", "mean_1", "std_1")


def test_regions_of_an_image_are_regions_of_a_volume_of_depth_one():
    index, area = np.arange(12, dtype=np.int32).reshape(3, 4), np.ones(12, np.int64)
    for image in (blobs((3, 4))[0], blobs((3, 4), 2)):
        volume = Regions(image, index, area, (7, 8)).as_volume
        assert np.array_equal(volume.image, np.expand_dims(image, -3))
        assert np.array_equal(volume.index, index[None])
        assert volume.origin == (0, 7, 8)


def test_regions_of_a_volume_stay_as_they_are():
    image, index = blobs((2, 3, 4), 2), np.zeros((2, 3, 4), np.int32)
    volume = Regions(image, index, np.array([24]), (5, 6, 7)).as_volume
    assert np.array_equal(volume.image, image)
    assert np.array_equal(volume.index, index)
    assert volume.origin == (5, 6, 7)


@pytest.mark.parametrize("columns", [(), ("twice", "twice")])
def test_a_statistic_without_columns_or_with_the_same_twice_is_refused(columns):
    with pytest.raises(ParameterError, match="name at least one, each once"):
        Statistic("mine", columns, lambda _: None)


@pytest.mark.parametrize("wrong", [{"radius": -1}, {"alignment": 0}])
def test_a_radius_or_an_alignment_that_cannot_be_is_refused(wrong):
    with pytest.raises(ParameterError, match="must be at least 0 and 1"):
        Statistic("mine", ("one",), lambda _: None, **wrong)


@pytest.mark.parametrize("shape", [(3,), (3, 1), (2, 2)])
def test_an_answer_of_another_shape_is_refused(shape):
    regions = Regions(np.zeros((1, 3), np.float32), np.array([[0, 1, 2]], np.int32), np.ones(3, np.int64), (0, 0))
    statistic = Statistic("mine", ("one", "two"), lambda _: np.zeros(shape))
    with pytest.raises(ParameterError, match=re.escape(f"gave an array of shape {shape}; with 3 regions")):
        statistic.measure(regions)


def test_an_answer_becomes_single_precision():
    regions = Regions(np.zeros((1, 1), np.float32), np.zeros((1, 1), np.int32), np.ones(1, np.int64), (0, 0))
    assert Statistic("mine", ("one",), lambda _: np.ones((1, 1))).measure(regions).dtype == np.float32


@pytest.mark.parametrize("features", [(INTENSITY, INTENSITY), (scale_space(2), INTENSITY, scale_space_eigen(2))])
def test_features_that_give_a_column_twice_are_refused(features):
    with pytest.raises(ParameterError, match=r"give the column '(mean_0|gaussian2_mean_0)' twice; take one of"):
        column_names(features, 1)
