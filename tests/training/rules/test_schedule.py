import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.training.rules.schedule import FEWEST, LEAST_STEPS, WARM_UP, Cost, Pace, Schedule
from terrazzo.training.rules.training import Training

STEPS = st.integers(1, 5000)


@given(STEPS, st.integers(1, 60))
def test_the_rate_rises_to_its_peak_and_falls_to_nothing(steps, warm_up):
    schedule = Schedule(steps, 0.1, warm_up)
    rates = [schedule.rate(step) for step in range(steps + 1)]
    top = rates.index(max(rates))
    assert rates[top] == pytest.approx(0.1)
    assert top < warm_up
    assert top <= steps / 2
    assert all(a < b for a, b in itertools.pairwise(rates[: top + 1]))
    assert all(a > b for a, b in itertools.pairwise(rates[top:]))
    assert min(rates[:-1]) > 0
    assert rates[-1] == pytest.approx(0, abs=1e-12)


@given(st.integers(LEAST_STEPS, 5000), st.integers(LEAST_STEPS, 5000))
def test_the_warm_up_is_the_same_for_any_number_of_steps(one, other):
    steps = range(WARM_UP)
    assert [Schedule(one, 3e-3).rate(step) for step in steps] == [Schedule(other, 3e-3).rate(step) for step in steps]


@given(st.integers(1, 7), st.integers(0, 9), st.integers(1, 40), st.integers(0, 2000), st.integers(1, 60))
def test_as_many_steps_are_taken_as_the_seconds_allow(step, validation, epoch, seconds, done):
    cost = Cost(step, validation, epoch)
    most, taken = done + 300, done
    spent = validation if done % epoch == 0 else 0
    for last in range(done + 1, most + 1):
        spent += step
        # the round at the end of an epoch, or of what ends the run here
        if spent + validation <= seconds:
            taken = last
        spent += validation if last % epoch == 0 else 0
    assert cost.steps_within(seconds, done, most) == taken


class Clock:
    """Steps and rounds of validation that take their time on a clock of their own."""

    def __init__(self, monkeypatch, step, validation, first=0.0):
        self.now, self.step, self.validation, self.first, self.rounds = 0.0, step, validation, first, 0
        monkeypatch.setattr("terrazzo.training.rules.schedule.time.monotonic", lambda: self.now)

    def run(self, training, epoch, began=0.0):
        """Train as a loop does."""
        pace, done, rates = Pace(training, epoch, began), 0, []
        while done < pace.schedule.steps:
            for _ in range(epoch):
                rates.append(pace.schedule.rate(done))
                self.now += self.step + (self.first if done == 0 else 0)
                done += 1
                pace.after(done, lambda: None, self.judge)
                if done == pace.schedule.steps:
                    break
            with pace.judging():
                self.judge()
        return pace.schedule, rates

    def judge(self):
        self.now += self.validation
        self.rounds += 1


@pytest.mark.parametrize("epoch", [3, 20, 50, 1000])
@pytest.mark.parametrize("validation", [0.0, 0.5, 7.0])
def test_training_ends_at_its_seconds_whatever_a_round_of_validation_takes(monkeypatch, epoch, validation):
    clock = Clock(monkeypatch, step=0.5, validation=validation, first=4.0)
    schedule, rates = clock.run(Training(epochs=10000, seconds=1000), epoch, began=-30.0)
    assert LEAST_STEPS < schedule.steps == len(rates)
    assert 900 < clock.now + 30 <= 1000
    assert rates == [Schedule(schedule.steps, 3e-3).rate(step) for step in range(len(rates))]


def test_the_number_that_seconds_came_to_gives_the_same_rates(monkeypatch):
    schedule, rates = Clock(monkeypatch, step=0.7, validation=1.0).run(Training(seconds=90), 16)
    assert Clock(monkeypatch, step=9.0, validation=0.0).run(Training(steps=schedule.steps), 16) == (schedule, rates)


def test_one_more_round_of_validation_is_done_only_where_none_was_in_the_warm_up(monkeypatch):
    for epoch, more in ((WARM_UP, 1), (WARM_UP - 1, 0)):
        clock = Clock(monkeypatch, step=1.0, validation=1.0)
        schedule, _ = clock.run(Training(seconds=500), epoch)
        assert clock.rounds == math.ceil(schedule.steps / epoch) + more


def test_epochs_are_the_most_however_many_seconds_there_are(monkeypatch):
    schedule, rates = Clock(monkeypatch, step=1.0, validation=0.0).run(Training(epochs=30, seconds=1e6), 10)
    assert schedule.steps == len(rates) == 300


@pytest.mark.parametrize(
    ("began", "step", "epochs", "steps", "ends"),
    [
        (0.0, 0.8, 9, LEAST_STEPS, 32.0),
        (0.0, 1.5, 9, 26, 39.0),
        (0.0, 30.0, 9, FEWEST, 210.0),
        (0.0, 2.0, 1, 10, 20.0),
        (0.0, 7.0, 1, FEWEST, 49.0),
        # what came before took longer than all
        (-21.0, 0.5, 9, LEAST_STEPS, 41.0),
        (-21.0, 1.0, 9, 21, 42.0),
    ],
)
def test_seconds_too_few_are_the_least_steps_or_as_many_as_double_them_and_it_is_said(
    monkeypatch, caplog, began, step, epochs, steps, ends
):
    clock = Clock(monkeypatch, step=step, validation=0.0)
    schedule, rates = clock.run(Training(epochs=epochs, seconds=20), 10, began)
    assert schedule.steps == len(rates) == steps
    assert clock.now - began == pytest.approx(ends)
    assert rates == [Schedule(steps, 3e-3).rate(done) for done in range(steps)]
    least = min(LEAST_STEPS, 10 * epochs)
    said = f"20 s are too few for {least} steps and what comes before them: the network learns for {steps}; give more"
    assert [record.message for record in caplog.records] == ([] if ends <= 20 else [said])


@pytest.mark.parametrize(("step", "rounds"), [(0.7, 2), (3.0, 1)])
def test_a_limit_that_is_far_too_short_is_seen_after_the_third_step(monkeypatch, step, rounds):
    clock = Clock(monkeypatch, step=step, validation=3.0, first=1.0)
    schedule, _ = clock.run(Training(seconds=5), 100)
    assert schedule.steps == FEWEST
    assert clock.now == pytest.approx(1.0 + 7 * step + rounds * 3.0)


@pytest.mark.parametrize("held_up", [2, 3])
def test_one_step_that_the_machine_held_up_does_not_end_a_fit(monkeypatch, held_up):
    clock = Clock(monkeypatch, step=0.1, validation=0.0)
    pace = Pace(Training(seconds=20), 100, 0.0)
    for done in range(1, WARM_UP + 1):
        clock.now += 3.0 if done == held_up else 0.1
        pace.after(done, lambda: None, clock.judge)
    assert pace.schedule.steps > LEAST_STEPS


def test_steps_go_before_epochs_and_the_last_epoch_may_be_shorter():
    pace = Pace(Training(steps=25, epochs=3), 10)
    assert pace.schedule == Schedule(25, 3e-3)
    assert pace.epochs == 3
