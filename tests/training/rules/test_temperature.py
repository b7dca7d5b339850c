import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from terrazzo.errors import ParameterError
from terrazzo.training.rules.temperature import COLDEST, HOTTEST, best_temperature, doubt_of


def cross_entropy(temperature, logits, labels, weights):
    rows = log_softmax(logits / temperature, axis=1)[np.arange(len(labels)), labels]
    return -(weights * rows).sum() / weights.sum()


def drawn(rng, number, classes, temperature, spread=2.0):
    """Logits, and labels drawn with the probabilities that they give at a temperature."""
    logits = rng.normal(0, spread, (number, classes))
    shares = np.exp(log_softmax(logits / temperature, axis=1)).cumsum(axis=1)
    return logits, (rng.random((number, 1)) > shares[:, :-1]).sum(axis=1)


@given(st.integers(0, 2**32), st.integers(2, 5), st.floats(0.2, 5), st.sampled_from(["f4", "f8"]))
def test_it_is_where_the_weighted_cross_entropy_is_lowest(seed, classes, temperature, dtype):
    rng = np.random.default_rng(seed)
    logits, labels = drawn(rng, 300, classes, temperature)
    logits, weights = logits.astype(dtype), rng.integers(0, 50, 300)
    found = best_temperature(logits, labels, weights)
    given = logits.astype(np.float64), labels, weights
    # a search of its own, by values instead of slopes
    logarithms = np.log(COLDEST), np.log(HOTTEST)
    sought = minimize_scalar(lambda log: cross_entropy(np.exp(log), *given), bounds=logarithms, method="bounded")
    assert cross_entropy(found, *given) <= sought.fun + 1e-9
    for near in (found * 0.99, found * 1.01):
        assert cross_entropy(found, *given) <= cross_entropy(near, *given) + 1e-15


@pytest.mark.parametrize("temperature", [0.5, 1, 3])
def test_of_labels_drawn_at_a_temperature_it_is_that_one(temperature):
    logits, labels = drawn(np.random.default_rng(0), 40_000, 3, temperature)
    assert best_temperature(logits, labels) == pytest.approx(temperature, rel=0.03)


@given(st.integers(0, 2**32), st.floats(0.1, 8))
def test_scaled_logits_have_a_scaled_temperature_and_a_shift_of_a_row_none(seed, factor):
    rng = np.random.default_rng(seed)
    logits, labels = drawn(rng, 200, 3, 1.0)
    found = best_temperature(logits, labels)
    if COLDEST * 10 < found < HOTTEST / 10:
        shifted = logits * factor + rng.normal(0, 10, (200, 1))
        assert best_temperature(shifted, labels) == pytest.approx(factor * found, rel=1e-6)


def test_whole_weights_are_repeated_rows_and_those_of_0_count_for_nothing():
    rng = np.random.default_rng(0)
    logits, labels = drawn(rng, 60, 3, 2.0)
    weights = rng.integers(0, 4, 60)
    repeated = best_temperature(np.repeat(logits, weights, axis=0), np.repeat(labels, weights))
    logits[weights == 0] = np.nan
    assert best_temperature(logits, labels, weights) == pytest.approx(repeated, rel=1e-9)


def test_where_there_is_no_best_one_it_stays_within_bounds():
    sure = np.array([[5.0, 0], [0, 5]])
    assert best_temperature(sure, np.array([0, 1])) == pytest.approx(COLDEST)
    assert best_temperature(sure, np.array([1, 0])) == pytest.approx(HOTTEST)
    assert best_temperature(np.zeros((3, 2)), np.array([0, 1, 1])) == 1


@given(st.integers(0, 2**32), st.integers(2, 4), st.floats(0.001, 0.2))
def test_doubt_is_a_share_of_each_label_that_is_spread_over_all_classes(seed, classes, doubt):
    rng = np.random.default_rng(seed)
    logits, labels = drawn(rng, 100, classes, 1.0)
    shares = np.full((100, classes), doubt / classes)
    shares[np.arange(100), labels] += 1 - doubt
    spread = best_temperature(np.repeat(logits, classes, axis=0), np.tile(np.arange(classes), 100), shares.ravel())
    assert best_temperature(logits, labels, doubt=doubt) == pytest.approx(spread, rel=1e-6)


def test_that_all_of_a_few_are_right_makes_nobody_certain():
    right = np.tile([[5.0, 0]], (100, 1))
    temperature = best_temperature(right, np.zeros(100, int), doubt=doubt_of(100, 2))
    assert 1 / (1 + np.exp(-5 / temperature)) == pytest.approx(101 / 102)


def test_large_logits_do_not_overflow():
    logits, labels = drawn(np.random.default_rng(0), 2000, 3, 1.0)
    assert best_temperature(logits * 30, labels) == pytest.approx(30 * best_temperature(logits, labels), rel=1e-6)
    assert best_temperature(np.array([[1e30, 0], [0, 1e30]]), np.array([0, 0])) == pytest.approx(HOTTEST)


@pytest.mark.parametrize(
    ("logits", "labels", "weights", "said"),
    [
        (np.zeros((3, 2)), np.zeros(2, int), None, r"labels \(2,\)"),
        (np.zeros(3), np.zeros(3, int), None, r"logits have the shape \(3,\)"),
        (np.zeros((3, 2)), np.zeros(3, int), np.ones(2), r"weights \(2,\)"),
        (np.zeros((3, 2)), np.array([0, 1, 2]), None, "labels are 0 to 2; with 2 classes they must be 0 to 1"),
        (np.full((3, 2), np.inf), np.zeros(3, int), None, "a logit is NaN or infinite"),
        (np.zeros((3, 2)), np.zeros(3, int), np.zeros(3), "some above 0"),
        (np.zeros((3, 2)), np.zeros(3, int), np.array([1, -1, 1]), "none of them negative"),
        (np.zeros((0, 2)), np.zeros(0, int), None, "some above 0"),
    ],
)
def test_what_does_not_fit_is_refused(logits, labels, weights, said):
    with pytest.raises(ParameterError, match=said):
        best_temperature(logits, labels, weights)
