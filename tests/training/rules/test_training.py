import itertools
import math
import time

import pytest

from terrazzo.errors import ParameterError
from terrazzo.training.rules.training import WARM_UP, Training


def of(epochs, **more):
    return Training(epochs=epochs, patience=10, learning_rate=0.1, weight_decay=0.0, **more)


def test_the_rate_rises_to_its_peak_and_falls_to_nothing():
    schedule = of(100)
    rates = [schedule.rate(epoch, 0) for epoch in range(101)]
    peak = round(100 * WARM_UP)
    assert 0 < rates[0] < 0.01
    assert rates[peak] == pytest.approx(0.1)
    assert all(a < b for a, b in itertools.pairwise(rates[:peak]))
    assert all(a > b for a, b in itertools.pairwise(rates[peak:]))
    assert rates[100] == pytest.approx(0, abs=1e-9)


def test_the_rate_never_exceeds_its_peak():
    schedule = of(40)
    assert max(schedule.rate(step / 50, 0) for step in range(2001)) <= 0.1


def test_a_time_limit_lets_the_rate_fall_in_time():
    schedule = of(1000, seconds=20)
    assert schedule.rate(5, 10) == pytest.approx(of(1000).rate(500, 0))
    assert schedule.rate(5, 30) == pytest.approx(0, abs=1e-9)
    assert schedule.rate(800, 1) == of(1000).rate(800, 1)


def test_the_first_epoch_learns_however_few_seconds_there_are():
    schedule = of(1000, seconds=1e-3)
    assert schedule.rate(0.5, 60) > 0.04
    assert schedule.rate(1, 60) == pytest.approx(0, abs=1e-9)


def test_seconds_count_what_came_before_training(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 105.0)
    schedule = of(1000, seconds=20)
    assert schedule.left(100.0).seconds == 15
    assert of(7).left(100.0) == of(7)


def test_where_no_seconds_are_left_one_whole_epoch_is_and_it_is_said(caplog):
    schedule = of(1000, seconds=20).left(time.monotonic() - 21)
    assert schedule == of(1)
    assert max(schedule.rate(step / 50, 0) for step in range(50)) == pytest.approx(0.1, rel=0.01)
    assert "took all of its 20 s: the network learns for one epoch" in caplog.text


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"patience": 0}, "patience 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"learning_rate": math.nan}, "learning_rate is nan"),
        ({"weight_decay": -1}, "weight_decay -1"),
        ({"seconds": 0.0}, "seconds is 0.0"),
        ({"seed": -1}, "seed is -1; it must be at least 0"),
        ({"validation": 2}, "validation is 2; it must be a share above 0 and below 1"),
        ({"weighting": "median"}, "no class weighting 'median'; use 'balanced' or None"),
        ({"epoch": 3}, r"no setting 'epoch' \(perhaps 'epochs' is meant\); those of Training are epochs, seconds,"),
    ],
)
def test_what_is_out_of_range_is_refused(values, message):
    with pytest.raises(ParameterError, match=message):
        Training(**values)


def test_images_that_are_named_are_a_tuple_so_that_the_value_can_be_hashed():
    assert Training(validation=[2, 0]) == Training(validation=(2, 0))
    assert hash(Training(validation=[2, 0])) == hash(Training(validation=(2, 0)))
