import json
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
from textures import NAMES

import terrazzo as tz


def refuse_constant(name):
    raise AssertionError(f"{name} is no JSON")


@pytest.fixture
def result(files, predicted):
    assert predicted.returncode == 0, predicted.stderr
    return files / "result.zarr"


def test_the_scores_are_one_json_document(files, result, run):
    ended = run("score", result, files / "annotations" / "a.png", "--json")
    assert ended.code == 0
    scores = json.loads(ended.out, parse_constant=refuse_constant)
    truth = tz.open_labels(files / "annotations" / "a.png")
    expected = tz.score(tz.open_result(result), truth)
    assert scores["accuracy"] == expected.accuracy > 0.9
    assert scores["ceiling"] == expected.ceiling > 0.9
    assert scores["pixels"] == 96 * 96
    assert scores["iou"] == dict(zip(NAMES, expected.iou.tolist(), strict=True))
    assert scores["confusion"] == expected.confusion.tolist()
    assert scores["macro_f1"] == expected.macro_f1
    assert scores["adjusted_rand"] == expected.adjusted_rand
    assert scores["boundary_f1"] == expected.boundary_f1
    assert list(scores["boundary_f1_per_class"]) == list(NAMES)
    assert scores["calibration_error"] is None


def test_workers_score_the_same(files, result, run):
    arguments = ("score", result, files / "annotations" / "a.png", "--json")
    assert run(*arguments, "--workers", 1).out == run(*arguments).out


def test_the_scores_are_a_table_for_people(files, result, run):
    ended = run("score", result, files / "annotations" / "a.png")
    assert ended.code == 0
    for word in ("accuracy", "mean iou", "macro f1", "adjusted rand", "boundary f1", "ceiling", *NAMES):
        assert word in ended.out
    assert "nan" not in ended.out
    assert "calibration" not in ended.out


def test_annotations_may_name_their_axes(files, result, run, tmp_path):
    np.save(tmp_path / "truth.npy", imageio.imread(files / "annotations" / "a.png").T)
    turned = run("score", result, tmp_path / "truth.npy", "--axes", "xy", "--json")
    assert turned.out == run("score", result, files / "annotations" / "a.png", "--json").out


def test_a_class_without_a_score_is_null_in_json(result, run, tmp_path):
    predicted = tz.open_result(result).read_classes((slice(None), slice(None)))
    where = np.where(predicted == 0, 0, 255).astype(np.uint8)
    imageio.imwrite(tmp_path / "truth.png", where)
    ended = run("score", result, tmp_path / "truth.png", "--map", "255=255", "--json")
    scores = json.loads(ended.out, parse_constant=refuse_constant)
    assert scores["iou"] == {NAMES[0]: 1.0, NAMES[1]: None}


def test_masks_are_scored_as_what_the_map_makes_of_them(files, result, run, mistake, tmp_path):
    truth = imageio.imread(files / "annotations" / "a.png")
    imageio.imwrite(tmp_path / "mask.png", truth * np.uint8(255))
    assert "looks like a mask" in mistake("score", result, tmp_path / "mask.png")
    mapped = run("score", result, tmp_path / "mask.png", "--map", "255=1", "--json")
    assert mapped.out == run("score", result, files / "annotations" / "a.png", "--json").out
    both = ("--map", "255=1", "--prediction-map", "255=1", "--json")
    assert json.loads(run("score", tmp_path / "mask.png", tmp_path / "mask.png", *both).out)["mean_iou"] == 1
    assert "looks like a mask" in mistake("score", tmp_path / "mask.png", files / "annotations" / "a.png")


def test_a_mistake_ends_with_one_sentence(files, result, mistake, tmp_path):
    annotation = files / "annotations" / "a.png"
    assert "is no result of terrazzo" in mistake("score", tmp_path, annotation)
    assert "There is no file, folder or store at" in mistake("score", result, tmp_path / "none.png")
    imageio.imwrite(tmp_path / "small.png", np.zeros((90, 96), np.uint8))
    assert "small.png': the annotation has (90, 96) pixels" in mistake("score", result, tmp_path / "small.png")
    imageio.imwrite(tmp_path / "high.png", np.full((96, 96), 7, np.uint8))
    assert "high.png': the annotation holds the value 7" in mistake("score", result, tmp_path / "high.png")
    imageio.imwrite(tmp_path / "empty.png", np.full((96, 96), 255, np.uint8))
    assert "annotates no pixel" in mistake("score", result, tmp_path / "empty.png")


def test_a_folder_of_images_is_predicted_and_scored_together(files, run, tmp_path):
    ended = run("predict", files / "images", "-m", files / "model.safetensors", "-o", tmp_path / "all", "--json")
    assert ended.code == 0, ended.err
    report = json.loads(ended.out)
    names = sorted(path.stem for path in (files / "images").iterdir())
    assert [Path(result).name for result in report["results"]] == [f"{name}.zarr" for name in names]
    assert report["pixels"] == len(names) * 96 * 96
    scores = json.loads(run("score", tmp_path / "all", files / "annotations", "--json").out)
    assert scores["results"] == len(names) > 1
    assert scores["pixels"] == len(names) * 96 * 96


def test_label_images_from_elsewhere_are_scored(files, result, run, tmp_path):
    predicted = tz.open_result(result).read_classes((slice(None), slice(None)))
    imageio.imwrite(tmp_path / "labels.png", predicted)
    truth = files / "annotations" / "a.png"
    whole = json.loads(run("score", result, truth, "--json").out)
    ended = run("score", tmp_path / "labels.png", truth, "--classes", ", ".join(NAMES), "--json")
    scores = json.loads(ended.out, parse_constant=refuse_constant)
    assert scores.pop("predictions") == whole.pop("results") == 1
    assert scores.pop("ceiling") is None
    assert whole.pop("ceiling") is not None
    assert scores == whole
    unnamed = json.loads(run("score", tmp_path / "labels.png", truth, "--json").out)
    assert unnamed["iou"] == dict(zip(("class 0", "class 1"), scores["iou"].values(), strict=True))


def test_a_wider_tolerance_matches_more_of_the_boundary(files, result, run):
    f1 = [
        json.loads(run("score", result, files / "annotations" / "a.png", "--tolerance", t, "--json").out)["boundary_f1"]
        for t in (0, 2, 8)
    ]
    assert f1[0] < f1[1] <= f1[2] <= 1


def test_names_of_classes_are_refused_for_a_result(files, result, mistake):
    sentence = mistake("score", result, files / "annotations" / "a.png", "--classes", "a,b")
    assert "--classes is for label images" in sentence
