import numpy as np
import pytest

from terrazzo.models.lattice.temperatures import Temperatures
from terrazzo.training.lattice.calibrate import ValidationAnswers


def drawn_classes(rng, logits, temperature):
    """Classes drawn with the probabilities that logits give at a temperature."""
    shares = np.exp(logits / temperature)
    shares = (shares / shares.sum(axis=1, keepdims=True)).cumsum(axis=1)
    return (rng.random((len(logits), 1)) > shares[:, :-1]).sum(axis=1)


def answers(seed=0, superpixels=20_000, region=2.0, pixel=3.0):
    """Those of a network that is far too sure: its right temperatures are known."""
    rng = np.random.default_rng(seed)
    regions, pixels = (rng.normal(0, 4, (superpixels, 3)).astype(np.float32) for _ in range(2))
    counts = np.zeros((superpixels, 3))
    for _ in range(4):
        counts[np.arange(superpixels), drawn_classes(rng, regions, region)] += 5
    classes = drawn_classes(rng, pixels, pixel)
    areas = rng.integers(1, 4, superpixels).astype(np.float32)
    return ValidationAnswers(regions, counts, pixels, rng.permutation(superpixels), classes, areas)


def test_superpixels_and_pixels_get_each_their_own_temperature():
    found = answers().temperatures()
    assert found.region == pytest.approx(2, rel=0.03)
    assert found.pixel == pytest.approx(3, rel=0.03)


def test_what_is_painted_is_as_sure_as_it_is_right_afterwards():
    given = answers()
    before, after = (given.calibration_error(one, sure=2.0) for one in (Temperatures(), given.temperatures()))
    assert before > 0.1
    assert after < 0.01
    regions = ValidationAnswers(given.regions, given.counts, None, *[np.empty(0, np.int64)] * 3)
    found = regions.temperatures()
    assert found == Temperatures(given.temperatures().region)
    assert regions.calibration_error(found, 2.0) < 0.01 < regions.calibration_error(Temperatures(), 2.0)


def test_a_few_superpixels_that_are_all_right_make_no_network_surer_and_many_do():
    for number, surer in ((20, False), (20_000, True)):
        logits = np.tile(np.float32([4, 0]), (number, 1))
        counts = np.tile([9.0, 0], (number, 1))
        found = ValidationAnswers(logits, counts, None, *[np.empty(0, np.int64)] * 3).temperatures()
        assert (found.region < 1) is surer
        assert found.region <= 1


def test_where_superpixels_are_sure_it_is_their_probability_that_counts():
    given = answers()
    always = given.calibration_error(Temperatures(), sure=0.0)
    regions, places, classes = given.regions[given.places], np.arange(len(given.places)), given.classes
    counts = np.zeros_like(given.counts)
    counts[places, classes] = given.areas
    alone = ValidationAnswers(regions, counts, None, *[np.empty(0, np.int64)] * 3)
    assert always == pytest.approx(alone.calibration_error(Temperatures(), sure=0.0), abs=1e-12)
    assert always != given.calibration_error(Temperatures(), sure=0.9)


def test_where_nothing_is_annotated_nothing_changes():
    nothing = ValidationAnswers(np.ones((3, 2), np.float32), np.zeros((3, 2)), None, *[np.empty(0, np.int64)] * 3)
    assert nothing.temperatures() == Temperatures()
    assert np.isnan(nothing.calibration_error(Temperatures(), 0.95))
