import itertools
import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.errors import ParameterError
from terrazzo.training.rules.optimise import WARM_UP, Schedule, drawn_by_area


def test_the_rate_rises_to_its_peak_and_falls_to_nothing():
    schedule = Schedule(100, 10, 0.1, 0.0)
    rates = [schedule.rate(epoch, 0) for epoch in range(101)]
    peak = round(100 * WARM_UP)
    assert 0 < rates[0] < 0.01
    assert rates[peak] == pytest.approx(0.1)
    assert all(a < b for a, b in itertools.pairwise(rates[:peak]))
    assert all(a > b for a, b in itertools.pairwise(rates[peak:]))
    assert rates[100] == pytest.approx(0, abs=1e-9)


def test_the_rate_never_exceeds_its_peak():
    schedule = Schedule(40, 10, 0.1, 0.0)
    assert max(schedule.rate(step / 50, 0) for step in range(2001)) <= 0.1


def test_a_time_limit_lets_the_rate_fall_in_time():
    schedule = Schedule(1000, 10, 0.1, 0.0, seconds=20)
    assert schedule.rate(5, 10) == pytest.approx(Schedule(1000, 10, 0.1, 0.0).rate(500, 0))
    assert schedule.rate(5, 30) == pytest.approx(0, abs=1e-9)
    assert schedule.rate(800, 1) == Schedule(1000, 10, 0.1, 0.0).rate(800, 1)


def test_the_first_epoch_learns_however_few_seconds_there_are():
    schedule = Schedule(1000, 10, 0.1, 0.0, seconds=1e-3)
    assert schedule.rate(0.5, 60) > 0.04
    assert schedule.rate(1, 60) == pytest.approx(0, abs=1e-9)


def test_seconds_count_what_came_before_training():
    schedule = Schedule(1000, 10, 0.1, 0.0, seconds=20)
    assert 14 < schedule.left(time.monotonic() - 5).seconds <= 15
    assert Schedule(7, 10, 0.1, 0.0).left(time.monotonic() - 5) == Schedule(7, 10, 0.1, 0.0)


def test_where_no_seconds_are_left_one_whole_epoch_is_and_it_is_said(caplog):
    schedule = Schedule(1000, 10, 0.1, 0.0, seconds=20).left(time.monotonic() - 21)
    assert schedule == Schedule(1, 10, 0.1, 0.0)
    assert max(schedule.rate(step / 50, 0) for step in range(50)) == pytest.approx(0.1, rel=0.01)
    assert "took all of its 20 s: the network learns for one epoch" in caplog.text


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((0, 1, 0.1, 0), "epochs is 0"),
        ((1, 0, 0.1, 0), "patience 0"),
        ((1, 1, 0.0, 0), "learning_rate is 0.0"),
        ((1, 1, math.nan, 0), "learning_rate is nan"),
        ((1, 1, 0.1, -1), "weight_decay -1"),
        ((1, 1, 0.1, 0, 0.0), "seconds is 0.0"),
    ],
)
def test_a_schedule_out_of_range_is_refused(values, message):
    with pytest.raises(ParameterError, match=message):
        Schedule(*values)


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
