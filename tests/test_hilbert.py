import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.hilbert import along_hilbert_curve

shapes = st.lists(st.integers(1, 12), min_size=2, max_size=3).map(tuple)


@given(shapes)
def test_every_index_comes_once(shape):
    assert sorted(along_hilbert_curve(shape)) == list(np.ndindex(*shape))


@pytest.mark.parametrize("shape", [(2, 2), (16, 16), (32, 32), (2, 2, 2), (8, 8, 8)])
def test_on_a_cube_with_a_power_of_two_each_index_is_next_to_the_one_before(shape):
    for one, other in itertools.pairwise(along_hilbert_curve(shape)):
        assert sum(abs(a - b) for a, b in zip(one, other, strict=True)) == 1


@pytest.mark.parametrize("shape", [(37, 50), (100, 30), (9, 11, 13)])
def test_indices_that_follow_lie_closer_together_than_in_raster_order(shape):
    def cached(order, last=24):
        """How many indices have a neighbour among the `last` before them."""
        return sum(
            any(max(abs(a - b) for a, b in zip(one, other, strict=True)) == 1 for other in order[max(0, i - last) : i])
            for i, one in enumerate(order)
        )

    def spread(order, run=24):
        """The mean extent of the box around `run` indices."""
        runs = [np.array(order[i : i + run]) for i in range(0, len(order) - run, run)]
        return np.mean([np.prod(np.ptp(part, axis=0) + 4) for part in runs])

    curve = list(along_hilbert_curve(shape))
    assert cached(curve) > 0.95 * len(curve)
    assert spread(curve) < 0.8 * spread(list(np.ndindex(*shape)))


def test_a_vast_grid_costs_nothing_until_it_is_walked():
    first = list(itertools.islice(along_hilbert_curve((2**20, 2**21)), 5))
    assert len(set(first)) == 5
    assert max(max(index) for index in first) <= 4
