import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from reference import boundary_counts

from terrazzo.kernels.measures.boundaries import matched_boundaries, offsets_within

shapes = hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=9)
values = st.sampled_from([0, 1, 2, 255])


@given(st.data(), shapes, st.sampled_from([0, 1, 1.5, 2, 3]))
def test_matches_are_those_of_a_distance_transform(data, shape, tolerance):
    true, found = (data.draw(hnp.arrays(np.uint8, shape, elements=values)) for _ in range(2))
    known = true != 255
    whole = tuple(slice(0, length) for length in shape)
    counted = matched_boundaries(true, found, known, 3, tolerance, whole)
    assert np.array_equal(counted, boundary_counts(true, found, 3, tolerance))


@given(st.integers(0, 2**32), st.integers(1, 11))
def test_counts_of_parts_add_up_to_those_of_the_whole(seed, cut):
    true, found = np.random.default_rng(seed).integers(0, 2, (2, 12, 7)).astype(np.uint8)
    known = np.ones(true.shape, bool)
    columns = slice(0, 7)
    parts = [matched_boundaries(true, found, known, 2, 2, (rows, columns)) for rows in (slice(0, cut), slice(cut, 12))]
    assert np.array_equal(sum(parts), boundary_counts(true, found, 2, 2))


def test_a_boundary_that_is_moved_by_the_tolerance_still_matches():
    true, found = np.zeros((2, 20, 30), np.uint8)
    true[:, 10:], found[:, 12:] = 1, 1
    known = np.ones(true.shape, bool)
    for tolerance, share in ((2, 1), (1, 0)):
        counts = matched_boundaries(true, found, known, 2, tolerance, (slice(0, 20), slice(0, 30)))
        assert counts.tolist() == [[20, 20 * share, 20, 20 * share]] * 2


@pytest.mark.parametrize(("distance", "number"), [(0, 1), (1, 7), (2, 33)])
def test_offsets_fill_a_ball(distance, number):
    offsets = offsets_within(distance)
    assert len(offsets) == number
    assert offsets[0].tolist() == [0, 0, 0]
