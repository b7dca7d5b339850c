import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from terrazzo.kernels.confusion import confusion_matrix
from terrazzo.regions.scores import Scores

classes = hnp.arrays(np.uint8, (6, 7), elements=st.integers(0, 2))


def scores_of(true, predicted, best=0):
    return Scores(confusion_matrix(true, predicted, 3), best)


@given(classes, classes)
def test_scores_are_those_of_the_pixels(true, predicted):
    scores = scores_of(true, predicted)
    assert scores.pixels == 42
    assert scores.accuracy == pytest.approx(np.mean(true == predicted))
    for value in range(3):
        here, there = true == value, predicted == value
        union, sizes = (here | there).sum(), here.sum() + there.sum()
        common = (here & there).sum()
        assert scores.iou[value] == pytest.approx(common / union if union else math.nan, nan_ok=True)
        assert scores.dice[value] == pytest.approx(2 * common / sizes if sizes else math.nan, nan_ok=True)
    assert scores.mean_iou == pytest.approx(np.nanmean(scores.iou))


@given(classes, classes)
def test_scores_of_parts_add_up_to_those_of_the_whole(true, predicted):
    whole = scores_of(true, predicted, best=9)
    parts = scores_of(true[:2], predicted[:2], best=4) + scores_of(true[2:], predicted[2:], best=5)
    assert np.array_equal(parts.confusion, whole.confusion)
    assert parts.ceiling == whole.ceiling == 9 / 42


def test_a_prediction_that_is_no_class_is_wrong():
    scores = scores_of(np.zeros((2, 2), np.uint8), np.array([[0, 255], [0, 0]], np.uint8))
    assert scores.accuracy == 0.75
    assert scores.iou[0] == 0.75


def test_a_class_that_nobody_names_has_no_score_and_does_not_count():
    scores = scores_of(np.array([[0, 1]], np.uint8), np.array([[0, 1]], np.uint8))
    assert np.isnan(scores.iou).tolist() == [False, False, True]
    assert np.isnan(scores.dice).tolist() == [False, False, True]
    assert scores.mean_iou == 1


def test_without_annotated_pixels_there_are_no_scores():
    nothing = scores_of(np.full((2, 2), 255, np.uint8), np.zeros((2, 2), np.uint8))
    assert nothing.pixels == 0
    assert all(math.isnan(value) for value in (nothing.accuracy, nothing.ceiling, nothing.mean_iou))
