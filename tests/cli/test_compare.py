import json
import sys
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
from drawings import feature, rectangle, write_features
from forked import forked_stage
from textures import NAMES, striped

from terrazzo.cli.compare import parse_numbers, parse_settings
from terrazzo.comparison import runner
from terrazzo.errors import ParameterError


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    for seed, stem in enumerate(("mouse1_a", "mouse1_b", "mouse2_a", "mouse3_a")):
        for what, array in zip(("images", "annotations"), striped(side=64, seed=seed), strict=True):
            (folder / what).mkdir(exist_ok=True)
            imageio.imwrite(folder / what / f"{stem}.png", array)
    return folder


def test_a_comparison_by_group_ends_with_a_report(folders, run, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "_run", forked_stage)
    arguments = ["compare", folders / "images", folders / "annotations", "-o", tmp_path / "report", "--json"]
    arguments += ["--methods", "forest", "--split", "group", "--groups", "(mouse[0-9])", "--classes", ",".join(NAMES)]
    arguments += ["--sides", "none", "--setting", "forest.trees=10", "--setting", "forest.samples=500"]
    ended = run(*arguments)
    assert ended.code == 0, ended.err
    printed = json.loads(ended.out)
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert printed["summary"] == report["summary"]
    assert printed["forest"]["accuracy"] == report["methods"]["forest"]["scores"]["accuracy"]
    assert Path(printed["report"]).is_file()
    sides = [name for side in report["folds"][0].values() for name in side]
    assert sorted(sides) == ["mouse1", "mouse2", "mouse3"]


def test_a_module_in_the_working_directory_is_a_method(folders, run, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "method.py").write_text("from terrazzo.comparison.methods.forest import *\nTITLE = 'Mine'\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    settings = ("--setting", "mine.method.samples=300", "--setting", "mine.method.trees=10")
    arguments = ("--methods", "mine.method", "--sides", "none", *settings)
    ended = run("compare", folders / "images", folders / "annotations", "-o", "report", *arguments)
    assert ended.code == 0, ended.err
    assert "Mine was the most accurate" in (tmp_path / "report" / "index.html").read_text()


def test_shapes_and_labels_that_count_from_one_are_annotations_as_for_fit(folders, run, tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "_run", forked_stage)
    quick = ("--methods", "forest", "--sides", "none", "--json", "--setting", "forest.samples=300")
    drawn, counted = tmp_path / "drawn", tmp_path / "counted"
    drawn.mkdir()
    counted.mkdir()
    for number, path in enumerate(sorted((folders / "annotations").iterdir())):
        classes = imageio.imread(path)
        columns = np.flatnonzero((classes == 1).all(axis=0))
        smooth = feature([rectangle(2, 2, 30, 62)], NAMES[0])
        write_features(
            drawn / f"{path.stem}.geojson", [smooth, feature([rectangle(int(columns[0]), 2, 62, 62)], NAMES[1])]
        )
        imageio.imwrite(counted / path.name, classes + 1 if number else np.where(classes == 0, 0, classes + 1))
    ended = run("compare", folders / "images", drawn, "-o", tmp_path / "of-shapes", *quick)
    assert ended.code == 0, ended.err
    report = json.loads((tmp_path / "of-shapes" / "report.json").read_text())
    assert report["class_names"] == list(NAMES)
    assert report["methods"]["forest"]["scores"]["pixels"] < 64 * 64
    ended = run("compare", folders / "images", counted, "-o", tmp_path / "counted-report", "--empty", 0, *quick)
    assert ended.code == 0, ended.err
    assert json.loads((tmp_path / "counted-report" / "report.json").read_text())["class_names"] == [
        "class 0",
        "class 1",
    ]


def test_a_mistake_ends_with_one_sentence(folders, mistake, tmp_path):
    where = ["compare", folders / "images", folders / "annotations", "-o", tmp_path / "report"]
    assert "there is no method 'cnn'" in mistake(*where, "--methods", "cnn")
    assert "sizes is '8,x'; give whole numbers" in mistake(*where, "--sizes", "8,x")
    assert "write it as method.name=value" in mistake(*where, "--setting", "size=8")
    assert "there are settings for 'gmn', which is not among" in mistake(*where, "--setting", "gmn.size=8")
    said = mistake(*where, "--setting", "unet.depht=2")
    assert "there is no setting 'depht' (perhaps 'depth' is meant); those of UNetSettings and UNetTraining are" in said
    assert not (tmp_path / "report").exists()


def test_numbers_and_settings_are_parsed():
    assert parse_numbers("sizes", "8, 16") == (8, 16)
    assert parse_numbers("sizes", "none") == ()
    texts = ["unet.base=8", "a.b.rate=0.5", "unet.device=cpu", "unet:wide.patch=128,64"]
    assert parse_settings(texts) == {
        "unet": {"base": 8, "device": "cpu"},
        "a.b": {"rate": 0.5},
        "unet:wide": {"patch": [128, 64]},
    }
    for text in ("unet.base", "size=8", ".size=8", "unet.=8"):
        with pytest.raises(ParameterError, match="write it as method"):
            parse_settings([text])
