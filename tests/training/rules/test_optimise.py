import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.training.rules.optimise import drawn_by_area


@given(st.lists(st.floats(0.5, 1e6), min_size=1, max_size=40), st.integers(0, 2**32 - 1))
def test_batches_are_drawn_by_their_share_of_the_area_up_to_one(areas, seed):
    drawn = drawn_by_area(np.array(areas))(np.random.default_rng(seed))
    assert len(drawn) == len(areas)
    expected = np.array(areas) / np.sum(areas) * len(areas)
    times = np.bincount(drawn, minlength=len(areas))
    assert (np.abs(times - expected) < 1 + 1e-6).all()


def test_over_many_epochs_batches_are_drawn_in_proportion_to_their_area():
    rng, areas = np.random.default_rng(0), np.array([1.0, 2, 3, 4, 30])
    draw = drawn_by_area(areas)
    drawn = np.concatenate([draw(rng) for _ in range(2000)])
    assert np.bincount(drawn) / len(drawn) == pytest.approx(areas / areas.sum(), abs=0.01)
