import json

import imageio.v3 as imageio
import pytest

import terrazzo as tz
from terrazzo.demo import run as demo
from terrazzo.demo.run import MARKER, _make_room


def test_the_demo_goes_from_nothing_to_a_picture(run, tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "STEPS", 100)
    ended = run("demo", "-o", tmp_path / "demo", "--size", 768, "--workers", 2, "--json")
    assert ended.code == 0, ended.err
    report = json.loads(ended.out)
    assert report["accuracy"] > 0.8
    assert report["ceiling"] > 0.95
    picture = imageio.imread(tmp_path / "demo" / "picture.png")
    assert picture.shape[0] > 500
    assert picture.std() > 10
    assert tz.open_result(tmp_path / "demo" / "result.zarr").run["finished"] is True
    assert tz.open_model(tmp_path / "demo" / "model.safetensors").class_names == (
        "background",
        "colony",
        "differentiated",
    )


def test_an_image_too_small_to_split_is_refused(mistake, tmp_path):
    assert "the demo needs at least 512 pixels" in mistake("demo", "-o", tmp_path / "demo", "--size", 100)


@pytest.mark.parametrize("name", ["notes.txt", "image.ome.zarr/zarr.json", "result.zarr/run.json"])
def test_a_folder_with_something_else_is_kept(mistake, tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    said = mistake("demo", "-o", tmp_path, "--size", 512)
    assert "holds something else than a demo; choose another directory" in said
    assert (tmp_path / name).read_text() == "mine"


def test_an_earlier_demo_is_replaced_and_what_lies_beside_it_stays(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    (tmp_path / MARKER).touch()
    (tmp_path / "result.zarr").mkdir()
    (tmp_path / "picture.png").write_text("old")
    _make_room(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {MARKER, "thesis.tex"}
