import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from notebook_tables import shown
from reference import boundary_counts, calibration_error
from sklearn.metrics import adjusted_rand_score, f1_score

from terrazzo.kernels.classes.confidence import confidence_counts
from terrazzo.kernels.classes.targets import confusion_matrix
from terrazzo.kernels.measures.boundaries import matched_boundaries
from terrazzo.regions.classes.scores import Scores

classes = hnp.arrays(np.uint8, (6, 7), elements=st.integers(0, 2))


def scores_of(true, predicted, best=0):
    known = true != 255
    boundaries = matched_boundaries(true, predicted, known, 3, 2, tuple(slice(0, length) for length in true.shape))
    return Scores(confusion_matrix(true, predicted, 3), best, boundaries)


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
    assert scores.macro_f1 == pytest.approx(f1_score(true.ravel(), predicted.ravel(), average="macro"))


@given(classes, classes)
def test_the_adjusted_rand_score_is_scikit_learns(true, predicted):
    expected = adjusted_rand_score(true.ravel(), predicted.ravel())
    assert scores_of(true, predicted).adjusted_rand == pytest.approx(expected)


def test_the_adjusted_rand_score_of_a_terapixel_is_exact_enough():
    confusion = np.array([[3, 1, 0], [0, 4, 2], [1, 0, 9]], np.int64)
    large = Scores(np.pad(confusion * 10**11, ((0, 0), (0, 1))))
    true, found = np.repeat(np.indices((3, 3)).reshape(2, -1), 400 * confusion.ravel(), axis=1)
    assert large.adjusted_rand == pytest.approx(adjusted_rand_score(true, found), abs=1e-3)


@given(classes, classes)
def test_the_boundary_f1_is_the_harmonic_mean_of_precision_and_recall(true, predicted):
    scores = scores_of(true, predicted)
    for value, (found, near_true, there, near_found) in enumerate(boundary_counts(true, predicted, 3, 2)):
        shares = [near / edge if edge else 0 for near, edge in ((near_true, found), (near_found, there))]
        expected = 2 * math.prod(shares) / sum(shares) if sum(shares) else 0 if found + there else math.nan
        assert scores.boundary_f1_per_class[value] == pytest.approx(expected, nan_ok=True)
    known = scores.boundary_f1_per_class[~np.isnan(scores.boundary_f1_per_class)]
    assert scores.boundary_f1 == pytest.approx(known.mean() if known.size else math.nan, nan_ok=True)


@given(classes, classes)
def test_scores_of_parts_add_up_to_those_of_the_whole(true, predicted):
    whole = scores_of(true, predicted, best=9)
    parts = scores_of(true[:2], predicted[:2], best=4) + scores_of(true[2:], predicted[2:], best=5)
    assert np.array_equal(parts.confusion, whole.confusion)
    assert parts.ceiling == whole.ceiling == 9 / 42
    assert np.array_equal((Scores.none(3) + whole).boundaries, whole.boundaries)


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
    figures = nothing.summary(["a", "b", "c"])
    assert figures.pop("pixels") == 0
    assert all(math.isnan(value) for value in figures.values() if isinstance(value, float))


def test_scores_without_superpixels_have_no_ceiling_and_add_up():
    without, other = (Scores(confusion_matrix(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8), 1)),) * 2
    assert math.isnan((without + other).ceiling)
    assert math.isnan((without + other).boundary_f1)
    assert (without + other).pixels == 8


@given(classes, classes, hnp.arrays(np.uint8, (6, 7)))
def test_the_calibration_error_is_that_of_the_pixels_and_parts_add_up(true, predicted, highest):
    def scored(rows):
        known, found = true[rows], predicted[rows]
        counts = confidence_counts(known, found, highest[rows], 3)
        return Scores(confusion_matrix(known, found, 3), confidence=counts)

    whole = scored(slice(None))
    assert whole.calibration_error == pytest.approx(calibration_error(true, predicted, highest))
    parts = scored(slice(0, 2)) + scored(slice(2, None))
    assert parts.calibration_error == whole.calibration_error == whole.summary("abc")["calibration_error"]
    assert math.isnan((whole + scores_of(true, predicted)).calibration_error)


def test_the_calibration_error_of_a_terapixel_does_not_overflow():
    confidence = np.zeros((256, 2), np.int64)
    confidence[204] = 10**12, 5 * 10**11
    confusion = np.array([[5 * 10**11, 5 * 10**11, 0], [0, 0, 0]])
    scores = Scores(confusion, confidence=confidence)
    assert scores.calibration_error == pytest.approx(0.3)
    assert repr(scores).endswith("calibration error 0.3000>")
    assert shown(scores).rows["Calibration error"] == "0.3000"


def test_it_says_in_a_line_what_there_is_to_say():
    scores = Scores(np.array([[3, 1, 0], [0, 4, 0]]), 8)
    assert repr(scores) == (
        "<terrazzo.Scores of 8 pixels in 2 classes: accuracy 0.8750, mean IoU 0.7750, macro F1 0.8730, ceiling 1.0000>"
    )
    assert repr(Scores.none(3)) == "<terrazzo.Scores of 0 pixels in 3 classes: none>"


def test_its_table_has_the_classes_and_the_confusion():
    table = shown(Scores(np.array([[3000, 1, 0], [0, 4, 2]])))
    assert table.rows["Pixels"] == "3,007"
    assert table.rows["Accuracy"] == "0.9990"
    assert "Boundary F1" not in table.rows
    assert table.lines[-5:-2] == [
        ["true \\ predicted", "0", "1", "no class"],
        ["0", "3,000", "1", "0"],
        ["1", "0", "4", "2"],
    ]
    assert "Confusion" not in shown(Scores.none(200)).rows
