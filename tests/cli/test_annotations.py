import json

import imageio.v3 as imageio
import numpy as np
import pytest
from drawings import feature, rectangle, write_features
from textures import NAMES, striped

import terrazzo as tz

QUICK = ("--size", 8, "--width", 16, "--steps", 100)


def drawn_classes(path, classes):
    """Two rectangles that lie in one class each, in QuPath's form."""
    columns = np.flatnonzero((classes == 1).all(axis=0))
    smooth = feature([rectangle(2, 2, 40, 94)], NAMES[0], color=[10, 20, 30])
    return write_features(path, [smooth, feature([rectangle(int(columns[0]), 2, 94, 94)], NAMES[1])])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn")
    for seed, stem in enumerate(("a", "b")):
        drawn_classes(folder / f"{stem}.geojson", striped(seed=seed)[1])
    return folder


@pytest.fixture(scope="module")
def fitted(files, folder, tmp_path_factory):
    from terrazzo.cli import main

    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    arguments = ["fit", files / "images", folder, "-o", path, *QUICK]
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert left.value.code == 0
    return path


def test_a_model_fitted_on_geojson_has_its_classes_and_colours(fitted):
    model = tz.open_model(fitted)
    assert model.class_names == NAMES
    assert model.colours[0] == "#0a141e"
    assert model.fitted["validation_accuracy"] > 0.8


def test_the_names_on_the_command_line_decide_the_order(files, folder, run, tmp_path):
    arguments = ["fit", files / "images", folder, "-o", tmp_path / "model.safetensors", *QUICK[:-1], 3]
    assert run(*arguments, "--classes", ", ".join(reversed(NAMES))).code == 0
    assert tz.open_model(tmp_path / "model.safetensors").class_names == tuple(reversed(NAMES))


def test_labels_of_colours_are_learned_and_scored_by_them(files, predicted, run, tmp_path):
    assert predicted.returncode == 0, predicted.stderr
    colours = np.array([[0, 0, 0], [200, 30, 0]], np.uint8)
    (tmp_path / "labels").mkdir()
    for stem in ("a", "b"):
        imageio.imwrite(tmp_path / f"labels/{stem}.png", colours[imageio.imread(files / f"annotations/{stem}.png")])
    named = ",".join(f"{name}={colour}" for name, colour in zip(NAMES, ("#000000", "#C81E00"), strict=True))
    (tmp_path / "classes.csv").write_text(f"name,r,g,b\n{NAMES[0]},0,0,0\n{NAMES[1]},200,30,0\n")
    arguments = ["fit", files / "images", tmp_path / "labels", "-o", tmp_path / "model.safetensors", *QUICK[:-1], 40]
    assert run(*arguments, "--classes", named).code == 0
    assert tz.open_model(tmp_path / "model.safetensors").colours == ("#000000", "#C81E00")
    by_numbers = run("score", files / "result.zarr", files / "annotations/a.png", "--json")
    for classes in (named, ",".join(named.split(",")[::-1]), tmp_path / "classes.csv"):
        ended = run("score", files / "result.zarr", tmp_path / "labels/a.png", "--json", "--classes", classes)
        assert ended.code == 0, ended.err
        assert ended.out == by_numbers.out
    ended = run("score", tmp_path / "labels/a.png", tmp_path / "labels/a.png", "--json", "--classes", named)
    assert json.loads(ended.out)["accuracy"] == 1


def test_a_result_is_scored_against_geojson_by_the_names_of_its_classes(files, predicted, folder, run):
    assert predicted.returncode == 0, predicted.stderr
    ended = run("score", files / "result.zarr", folder / "a.geojson", "--json")
    assert ended.code == 0, ended.err
    scores = json.loads(ended.out)
    annotation = tz.open_annotation(folder / "a.geojson", tz.open_result(files / "result.zarr"))
    assert scores["pixels"] == (annotation.plane.compute() != 255).sum()
    assert scores["accuracy"] > 0.9


def test_polygons_of_a_result_are_an_annotation_that_it_agrees_with(files, predicted, run, tmp_path):
    assert predicted.returncode == 0, predicted.stderr
    ended = run("polygons", files / "result.zarr", "-o", tmp_path / "classes.geojson", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["polygons"] == len(json.loads((tmp_path / "classes.geojson").read_text())["features"])
    scores = json.loads(run("score", files / "result.zarr", tmp_path / "classes.geojson", "--json").out)
    assert scores["accuracy"] == 1
    assert scores["pixels"] == 96 * 96
    skipped = run(
        "polygons", files / "result.zarr", "-o", tmp_path / "one.geojson", "--skip", NAMES[0], "--tolerance", 1
    )
    assert skipped.code == 0
    assert {
        one["properties"]["classification"]["name"]
        for one in json.loads((tmp_path / "one.geojson").read_text())["features"]
    } == {NAMES[1]}


@pytest.mark.usefixtures("predicted")
def test_masks_are_fitted_on_and_annotations_that_count_from_one_are_scored(files, run, tmp_path):
    (tmp_path / "masks").mkdir()
    for stem in ("a", "b"):
        classes = imageio.imread(files / "annotations" / f"{stem}.png")
        imageio.imwrite(tmp_path / f"{stem}.png", classes + 1)
        imageio.imwrite(tmp_path / "masks" / f"{stem}.png", classes * 255)
    fitted = ("fit", files / "images", tmp_path / "masks", "-o", tmp_path / "model.safetensors", *QUICK)
    assert run(*fitted, "--map", "255=1", "--classes", ",".join(NAMES)).code == 0
    same, original = tz.open_model(tmp_path / "model.safetensors"), tz.open_model(files / "model.safetensors")
    assert all(
        bool((one == other).all())
        for one, other in zip(*(each.tensors().values() for each in (same, original)), strict=True)
    )
    ended = run("score", files / "result.zarr", tmp_path / "a.png", "--empty", 0, "--json")
    assert ended.out == run("score", files / "result.zarr", files / "annotations" / "a.png", "--json").out


def test_shapes_are_a_mask(files, run, tmp_path):
    write_features(tmp_path / "mask.geojson", [feature([rectangle(10, 20, 60, 70)])])
    image, model = files / "images" / "a.png", files / "model.safetensors"
    options = ("--mask", tmp_path / "mask.geojson", "--workers", 1)
    ended = run("predict", image, "-m", model, "-o", tmp_path / "result.zarr", *options)
    assert ended.code == 0, ended.err
    inside = tz.open_result(tmp_path / "result.zarr").read_superpixels((slice(None),) * 2) > 0
    assert inside.sum() == 50 * 50
    assert inside[20:70, 10:60].all()


@pytest.mark.usefixtures("predicted")
def test_a_mistake_ends_with_one_sentence(files, mistake, tmp_path):
    image, model = files / "images" / "a.png", tmp_path / "model.safetensors"
    drawn = tmp_path / "a.geojson"
    drawn.write_text("{")
    assert "is no JSON" in mistake("fit", image, drawn, "-o", model)
    write_features(drawn, [feature([rectangle(0, 0, 9, 9)])])
    assert "has shapes without classes" in mistake("fit", image, drawn, "-o", model)
    write_features(drawn, [feature([rectangle(0, 0, 9, 9)], "a"), feature([rectangle(200, 0, 300, 9)], "b")])
    assert "lies outside the image" in mistake("fit", image, drawn, "-o", model)
    write_features(drawn, [feature([rectangle(0, 0, 9, 9)], "a")])
    assert "is of none of the classes" in mistake("score", files / "result.zarr", drawn)
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    assert "has the columns x, y; a napari layer has" in mistake("score", files / "result.zarr", tmp_path / "a.csv")
    out = tmp_path / "classes.geojson"
    assert "there is no class 'fat' to skip" in mistake("polygons", files / "result.zarr", "-o", out, "--skip", "fat")
    assert "is no result of terrazzo" in mistake("polygons", image, "-o", out)
    assert not model.exists()
    assert not out.exists()
