import json

import numpy as np


def test_an_image_a_model_and_a_result_say_what_they_are(files, predicted, run):  # noqa: ARG001
    for name, kind in (("images/a.png", "image"), ("model.safetensors", "model"), ("result.zarr", "result")):
        ended = run("info", files / name, "--json")
        assert ended.code == 0
        assert json.loads(ended.out)["kind"] == kind


def test_a_volume_says_its_axes_when_they_are_given(run, tmp_path):
    np.save(tmp_path / "volume.npy", np.zeros((5, 20, 30), np.uint8))
    ended = run("info", tmp_path / "volume.npy", "--axes", "zyx", "--json")
    assert json.loads(ended.out)["shape"] == {"c": 1, "z": 5, "y": 20, "x": 30}


def test_a_table_for_people_names_what_there_is(files, run):
    ended = run("info", files / "model.safetensors")
    assert ended.code == 0
    for words in ("kind", "model", "smooth", "striped", "superpixels", "network"):
        assert words in ended.out


def test_a_mistake_ends_with_one_sentence(files, mistake):
    assert "there is nothing at" in mistake("info", files / "none")
    assert "is a folder and no Zarr store" in mistake("info", files / "images")
