import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from index_images import number_of, regions

from terrazzo.kernels.filters import halved
from terrazzo.kernels.measures.moments import areas
from terrazzo.kernels.measures.run_sums import Runs, means_and_stds


def summed(responses, index, level=0, strips=(), start=(0, 0, 0)):
    """Return the sums of some responses (z, y, x) on a level, given in strips that end at some of their rows."""
    sums = np.zeros((number_of(index), len(responses), 2))
    runs = Runs.of(index, start)
    ends = sorted({0, *strips, responses[0].shape[1]})
    for z in range(responses[0].shape[0]):
        for top, bottom in itertools.pairwise(ends):
            rows = tuple(response[z, top:bottom] for response in responses)
            runs.add(rows, (level, z, top, 0), sums)
    return sums


@given(regions())
def test_runs_are_those_of_the_pixels_of_regions(pair):
    index, _ = pair
    runs, rebuilt = Runs.of(index), np.full_like(index, -1)
    for row, (first, last) in zip(rebuilt.reshape(-1, index.shape[2]), itertools.pairwise(runs.first), strict=True):
        for run in range(first, last):
            assert (row[runs.begin[run] : runs.end[run]] == -1).all()
            row[runs.begin[run] : runs.end[run]] = runs.region[run]
    assert np.array_equal(rebuilt, index)
    assert len(runs.region) == runs.first[-1] == runs.begin.size


@given(regions())
def test_mean_and_deviation_are_numpys(pair):
    index, image = pair
    result = means_and_stds(summed((image,), index), areas(index, number_of(index)))
    assert result.dtype == np.float32
    for region, (mean, std) in enumerate(result):
        values = image[index == region].astype(float)
        assert np.allclose([mean, std], [values.mean(), values.std()], rtol=1e-5, atol=1e-4)


@given(regions(), st.sampled_from([2, 4, 6]), st.integers(0, 2))
def test_responses_side_by_side_have_the_bits_of_each_alone(pair, number, level):
    index, image = pair
    for _ in range(level):
        image = halved(image)
    responses = tuple(image * np.float32(factor + 0.3) for factor in range(number))
    alone = [summed((response,), index, level) for response in responses]
    assert np.array_equal(summed(responses, index, level), np.concatenate(alone, axis=1))


@given(regions(), st.integers(0, 3), st.lists(st.integers(1, 13), max_size=3))
def test_strips_of_rows_have_the_bits_of_the_whole(pair, level, ends):
    index, image = pair
    for _ in range(level):
        image = halved(image)
    responses = (image, -image)
    ends = [end for end in ends if end < image.shape[1]]
    assert np.array_equal(summed(responses, index, level, ends), summed(responses, index, level))


@given(regions(), st.integers(1, 3))
def test_a_coarse_response_counts_once_per_pixel_that_it_covers(pair, level):
    index, image = pair
    response = image
    for _ in range(level):
        response = halved(response)
    sections, rows, columns = np.indices(index.shape)
    fine = response[sections, rows >> level, columns >> level]
    assert np.array_equal(summed((response,), index, level), summed((fine,), index))


@pytest.mark.parametrize("value", [0.1, 3e5])
def test_a_deviation_is_never_nan(value):
    image = np.full((1, 8, 8), np.float32(value))
    sums = summed((image,), np.zeros((1, 8, 8), np.int32))
    assert means_and_stds(sums, np.array([64])).tolist() == [[np.float32(value), 0.0]]


def test_no_regions_have_no_rows():
    none = np.full((1, 4, 4), -1, np.int32)
    sums = summed((np.zeros((1, 4, 4), np.float32),) * 2, none)
    assert means_and_stds(sums, np.zeros(0, np.int64)).shape == (0, 4)


@given(regions())
def test_sums_do_not_depend_on_what_surrounds_the_regions(pair):
    index, image = pair
    expected, around = summed((image,), index), np.pad(image, 3, constant_values=9e9)
    assert np.array_equal(summed((around,), np.pad(index, 3, constant_values=-1)), expected)
    assert np.array_equal(summed((around,), index, start=(3, 3, 3)), expected)
