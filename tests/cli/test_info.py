import json

import numpy as np

import terrazzo as tz


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


def test_a_table_tells_the_levels_of_an_image_one_by_line(run, tmp_path):
    tz.write_ome_zarr(tmp_path / "a.zarr", np.zeros((40, 60), np.uint8), axes="yx", pixel_size=(0.5, 0.5))
    said = run("info", tmp_path / "a.zarr").out
    for words in ("pixel size", "micrometer", "level 0, shape 40, 60, pixel_size 0.5, 0.5"):
        assert words in said


def test_a_calibration_takes_the_place_of_what_an_image_says(run, mistake, tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((20, 30), np.uint8))
    found = json.loads(run("info", tmp_path / "a.npy", "--calibration", "0.5,0.25", "--json").out)
    assert (found["pixel_size"], found["pixel_unit"]) == ([0.5, 0.25], "micrometer")
    assert "calibration is 'wide'; give one number of micrometres" in mistake(
        "info", tmp_path / "a.npy", "--calibration", "wide"
    )


def test_what_is_finished_of_a_result_is_told(files, predicted, run):  # noqa: ARG001
    found = json.loads(run("info", files / "result.zarr", "--json").out)
    assert found["finished"] is True
    assert found["finished_blocks"] == {"superpixels": found["blocks"], "classes": found["blocks"]}
    assert found["made_from"]["versions"]["terrazzo"] == tz.__version__
    folder = json.loads(run("info", files, "--json").out)
    assert folder["results"] == {"result.zarr": "finished"}


def test_a_long_list_is_cut_short_for_people_and_whole_for_programs(files, predicted, run):  # noqa: ARG001
    columns = json.loads(run("info", files / "result.zarr", "--json").out)["node_columns"]
    said = run("info", files / "result.zarr").out
    assert f"({len(columns)} in all, --json lists them)" in " ".join(said.split())
    assert columns[-1] not in said


def test_a_result_says_where_its_time_went(files, predicted, run):  # noqa: ARG001
    ledger = json.loads(run("info", files / "result.zarr", "--json").out)["ledger"]
    said = run("info", files / "result.zarr").out
    assert list(ledger) == ["superpixels", "classes", "levels"]
    assert "where the time went" in said
    for words in ("read pixels", "assign", "network", "waiting", f"{ledger['classes']['tasks']} task"):
        assert words in said
