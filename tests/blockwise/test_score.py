import json
from pathlib import Path

import numpy as np
import pytest

import terrazzo as tz
from terrazzo.errors import InputError
from terrazzo.kernels.confusion import confusion_matrix

ALL = (slice(None), slice(None))


@pytest.fixture(scope="module")
def result(model, stored, tmp_path_factory):
    return tz.write_prediction(model, stored, tmp_path_factory.mktemp("run") / "result.zarr", block=48)


def labels_at(path, array):
    np.save(path, array)
    return tz.open_labels(path)


def test_scores_are_those_of_the_whole_image(result, annotation, tmp_path):
    scores = tz.score(result, labels_at(tmp_path / "truth.npy", annotation))
    assert np.array_equal(scores.confusion, confusion_matrix(annotation, result.read_classes(ALL), 3))
    labels = result.read_superpixels(ALL)
    counts = [np.bincount(annotation[labels == i], minlength=256)[:3] for i in np.unique(labels)]
    assert scores.ceiling == np.max(counts, axis=1).sum() / np.sum(annotation != 255)


def test_a_prediction_scored_against_itself_is_perfect(result, tmp_path):
    scores = tz.score(result, labels_at(tmp_path / "truth.npy", result.read_classes(ALL)))
    assert scores.accuracy == scores.ceiling == scores.mean_iou == 1


def test_each_scored_block_is_told(result, annotation, tmp_path):
    told = []
    tz.score(result, labels_at(tmp_path / "truth.npy", annotation), progress=lambda *now: told.append(now))
    assert [(done, total) for _, done, total, _ in told] == [(n, len(result.grid)) for n in range(len(result.grid) + 1)]
    assert told[-1] == ("score", len(result.grid), len(result.grid), 130 * 170)


def test_an_annotation_of_another_extent_is_refused(result, annotation, tmp_path):
    with pytest.raises(
        InputError, match=r"the annotation has \(130, 100\) pixels \(y, x\) and the result \(130, 170\)"
    ):
        tz.score(result, labels_at(tmp_path / "truth.npy", annotation[:, :100]))


def test_an_annotation_of_nothing_is_refused(result, annotation, tmp_path):
    with pytest.raises(InputError, match=r"truth\.npy' annotates no pixel with a class from 0 to 2"):
        tz.score(result, labels_at(tmp_path / "truth.npy", np.full_like(annotation, 255)))


def test_a_value_that_is_no_class_is_refused(result, annotation, tmp_path):
    annotation[50, 50] = 9
    with pytest.raises(InputError, match="holds the value 9; with 3 classes it must be 0 to 2, or 255"):
        tz.score(result, labels_at(tmp_path / "truth.npy", annotation))


def test_a_result_that_is_not_finished_is_refused(model, stored, annotation, tmp_path):
    result = tz.write_prediction(model, stored, tmp_path / "result.zarr")
    run = Path(result.path) / "run.json"
    run.write_text(json.dumps(json.loads(run.read_text()) | {"finished": False}))
    with pytest.raises(InputError, match="is not finished; run terrazzo predict again with --overwrite"):
        tz.score(result, labels_at(tmp_path / "truth.npy", annotation))
