import json

import imageio.v3 as imageio
import numpy as np
import pytest
from textures import NAMES

import terrazzo as tz

QUICK = ("--size", 8, "--layers", 1, "--width", 8, "--epochs", 2)


def test_a_model_is_written_with_the_names_that_were_given(files):
    model = tz.open_model(files / "model.safetensors")
    assert model.class_names == NAMES
    assert model.recipe.superpixels.size == (8, 8)
    assert model.layers == 2


def test_the_report_is_one_json_document(files, run, tmp_path):
    ended = run("fit", files / "images", files / "annotations", "-o", tmp_path / "m.safetensors", *QUICK, "--json")
    assert ended.code == 0
    report = json.loads(ended.out)
    assert report["model"] == str(tmp_path / "m.safetensors")
    assert report["images"] == 2
    assert report["epochs"] == 2
    assert 0 <= report["validation_accuracy"] <= 1


def test_the_report_is_a_table_for_people(files, run, tmp_path):
    image, annotation = files / "images" / "a.png", files / "annotations" / "a.png"
    ended = run("fit", image, annotation, "-o", tmp_path / "m.safetensors", *QUICK)
    assert ended.code == 0
    assert "validation accuracy" in ended.out


def test_a_quoted_glob_stands_for_its_files(files, run, tmp_path):
    pattern = files / "images" / "*.png"
    ended = run("fit", pattern, files / "annotations", "-o", tmp_path / "m.safetensors", *QUICK, "--json")
    assert json.loads(ended.out)["images"] == 2


def test_a_model_that_is_there_is_kept_before_any_work_is_done(files, mistake):
    before = (files / "model.safetensors").read_bytes()
    sentence = mistake("fit", files / "images", files / "annotations", "-o", files / "model.safetensors")
    assert "exists; choose another path or add --overwrite" in sentence
    assert (files / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("images", "annotations", "options", "sentence"),
    [
        ("none", "annotations", (), "There is no file, folder or store at"),
        ("images", "none", (), "There is no file, folder or store at"),
        ("images", "annotations/a.png", (), "1 images without an annotation of the same name: 'b'"),
        ("images/*.tif", "annotations", (), "No image matches"),
        ("images", "annotations", ("--size", 1), "size is 1; it must be a whole number of pixels of at least 2"),
        ("images", "annotations", ("--sigma", -1), "sigma is -1.0"),
        ("images", "annotations", ("--epochs", 0), "epochs is 0"),
        ("images", "annotations", ("--classes", "one"), "holds the value 1; with 1 classes"),
        ("images", "annotations", ("--device", "abacus"), "there is no device 'abacus'"),
        ("images", "annotations", ("--axes", "qq"), "axes"),
        ("images", "annotations", ("--level", 3), "has no level 3"),
        ("images/a.png", "colour.png", (), "labels have one: save one integer per pixel"),
    ],
)
def test_a_mistake_ends_with_one_sentence(files, mistake, tmp_path, images, annotations, options, sentence):
    said = mistake("fit", files / images, files / annotations, "-o", tmp_path / "m.safetensors", *options)
    assert sentence in said
    assert not (tmp_path / "m.safetensors").exists()


def test_an_annotation_with_one_class_cannot_be_learned(files, mistake, tmp_path):
    imageio.imwrite(tmp_path / "plain.png", np.zeros((96, 96), np.uint8))
    output = tmp_path / "m.safetensors"
    said = mistake("fit", files / "images" / "a.png", tmp_path / "plain.png", "-o", output, *QUICK)
    assert "class 0 is the only one annotated" in said
