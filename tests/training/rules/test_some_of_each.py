import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from terrazzo.training.rules.some_of_each import some_of_each, stands_for


@given(
    arrays.arrays(np.uint64, st.tuples(st.integers(1, 60), st.integers(1, 6)), elements=st.integers(0, 2)),
    st.integers(1, 70),
    st.integers(0, 9),
)
def test_all_parts_are_looked_at_or_as_many_as_wanted_with_every_class_that_there_is(counts, most, seed):
    chosen = some_of_each(counts, most, seed)
    assert np.array_equal(chosen, np.unique(chosen))
    if len(counts) <= most:
        assert len(chosen) == len(counts)
    else:
        assert most <= len(chosen) <= max(most, counts.shape[1])
    assert np.array_equal(counts[chosen].any(axis=0), counts.any(axis=0))


def test_a_class_that_few_parts_have_is_in_as_many_of_them_as_there_is_room_for():
    counts = np.zeros((1000, 2), int)
    counts[:, 0] = 9
    counts[::50, 1] = 1
    assert np.count_nonzero(counts[some_of_each(counts, 40, 0), 1]) == 10


def test_those_that_no_class_asks_for_are_drawn_from_all_of_them():
    chosen = some_of_each(np.ones((1000, 1)), 100, 0)
    assert 400 < chosen.mean() < 600
    assert not np.array_equal(chosen, some_of_each(np.ones((1000, 1)), 100, 1))


@given(
    arrays.arrays(np.uint64, st.tuples(st.integers(1, 60), st.integers(1, 6)), elements=st.integers(0, 9)),
    st.integers(1, 20),
)
def test_what_is_looked_at_weighs_as_much_by_class_as_all_parts_do(counts, most):
    chosen = some_of_each(counts, most, 0)
    weights = stands_for(counts, chosen)
    assert np.allclose((counts[chosen] * weights).sum(axis=0), counts.sum(axis=0))
