import itertools
import math

import pytest

from terrazzo.errors import ParameterError
from terrazzo.training.optimise import WARM_UP, Schedule


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
