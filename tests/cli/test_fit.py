import errno
import json

import imageio.v3 as imageio
import numpy as np
import pytest
from textures import NAMES, striped

import terrazzo as tz
from terrazzo.io.model_file import open_model
from terrazzo.training.lattice import fit_images

QUICK = ("--size", 8, "--width", 8, "--steps", 3)


def test_a_model_is_written_with_the_names_that_were_given(files):
    model = tz.open_model(files / "model.safetensors")
    assert model.class_names == NAMES
    assert model.recipe.superpixels.size == (8, 8)
    assert model.settings.width == 16


def test_the_report_is_one_json_document(files, run, tmp_path):
    ended = run("fit", files / "images", files / "annotations", "-o", tmp_path / "m.safetensors", *QUICK, "--json")
    assert ended.code == 0
    report = json.loads(ended.out)
    assert report["model"] == str(tmp_path / "m.safetensors")
    assert report["images"] == 2
    assert report["steps"] == 3
    assert 0 <= report["validation_accuracy"] <= 1


def test_the_report_is_a_table_for_people(files, run, tmp_path):
    image, annotation = files / "images" / "a.png", files / "annotations" / "a.png"
    ended = run("fit", image, annotation, "-o", tmp_path / "m.safetensors", *QUICK)
    assert ended.code == 0
    assert "validation accuracy" in ended.out


def test_a_fit_streams_when_asked(files, run, mistake, tmp_path, monkeypatch):
    image, annotation = files / "images" / "a.png", files / "annotations" / "a.png"
    arguments = ("fit", image, annotation, "-o", tmp_path / "m.safetensors", *QUICK, "--streaming", "--block", 32)
    assert run(*arguments, "--scratch", tmp_path).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]
    in_memory = (*arguments[:-3], "--no-streaming", "--block", 32, "--overwrite")
    streamed = tz.open_model(tmp_path / "m.safetensors").fingerprint()
    assert run(*in_memory).code == 0
    assert tz.open_model(tmp_path / "m.safetensors").fingerprint() == streamed
    sentence = mistake(*arguments, "--scratch", tmp_path / "nowhere", "--overwrite")
    assert "choose another scratch folder" in sentence

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fit_images, "write_table", full)
    sentence = mistake(*arguments, "--scratch", tmp_path, "--overwrite")
    assert f"graphs cannot be written to '{tmp_path}/terrazzo-" in sentence
    assert "': No space left on device; choose another scratch folder" in sentence
    assert [path.name for path in tmp_path.iterdir()] == ["m.safetensors"]


def test_a_quoted_glob_stands_for_its_files(files, run, tmp_path):
    pattern = files / "images" / "*.png"
    ended = run("fit", pattern, files / "annotations", "-o", tmp_path / "m.safetensors", *QUICK, "--json")
    assert json.loads(ended.out)["images"] == 2


def test_a_size_per_axis_goes_with_the_model(files, run, tmp_path):
    image, annotation = files / "images" / "a.png", files / "annotations" / "a.png"
    arguments = (image, annotation, "-o", tmp_path / "m.safetensors", *QUICK, "--size", "8,12")
    assert run("fit", *arguments).code == 0
    assert tz.open_model(tmp_path / "m.safetensors").recipe.superpixels.size == (8, 12)


def test_images_and_annotations_have_axes_of_their_own(files, run, tmp_path):
    image, annotation = (imageio.imread(files / what / "a.png") for what in ("images", "annotations"))
    np.save(tmp_path / "image.npy", image[..., None])
    np.save(tmp_path / "annotation.npy", annotation.T)
    arguments = (tmp_path / "image.npy", tmp_path / "annotation.npy", "-o", tmp_path / "m.safetensors", *QUICK)
    turned = run("fit", *arguments, "--axes", "yxc", "--annotation-axes", "xy", "--json")
    straight = run(
        "fit",
        files / "images" / "a.png",
        files / "annotations" / "a.png",
        "-o",
        tmp_path / "n.safetensors",
        *QUICK,
        "--json",
    )
    accuracies = [json.loads(ended.out)["validation_accuracy"] for ended in (turned, straight)]
    assert accuracies[0] == accuracies[1]
    fingerprints = [tz.open_model(tmp_path / name).fingerprint() for name in ("m.safetensors", "n.safetensors")]
    assert fingerprints[0] == fingerprints[1]


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
        ("images", "annotations/a.png", (), "There is 1 image without an annotation of the same name: 'b'"),
        ("images/*.tif", "annotations", (), "No image matches"),
        ("images", "annotations", ("--size", 1), "size is 1; it must be a whole number of pixels of at least 2"),
        (
            "images",
            "annotations",
            ("--size", "8;8"),
            "size is '8;8'; it must be a whole number of pixels of at least 2",
        ),
        ("images", "annotations", ("--size", "2,8,8,8"), "size is '2,8,8,8'; it must be a whole number of pixels"),
        ("images", "annotations", ("--size", "8,1"), "it must be a whole number of pixels of at least 2"),
        ("images", "annotations", ("--sigma", -1), "sigma is -1.0"),
        ("images", "annotations", ("--epochs", 0), "epochs is 0"),
        ("images", "annotations", ("--classes", "one"), "annotations/a.png': the annotation holds the value 1; with 1"),
        ("images", "annotations", ("--device", "abacus"), "there is no device 'abacus'"),
        ("images", "annotations", ("--axes", "qq"), "axes='qq' must name each axis of the file once"),
        ("images", "annotations", ("--annotation-axes", "zyx"), "has 2 axes, of shape (96, 96); axes='zyx' names 3"),
        ("images", "annotations", ("--level", 3), "has no level 3"),
        ("images/a.png", "colour.png", (), "labels have one, or a colour for each class: say which"),
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


def test_colour_weights_and_a_mask_reach_the_model(run, tmp_path):
    rng = np.random.default_rng(0)
    image, classes = striped()
    colour = np.stack([image, image // 2, rng.integers(0, 9, image.shape, dtype=np.uint8)], axis=-1)
    mask = np.ones(image.shape, np.uint8)
    mask[:40, :40] = 0
    for name, pixels in (("colour", colour), ("classes", classes), ("mask", mask)):
        imageio.imwrite(tmp_path / f"{name}.png", pixels)
    options = ("--colour", "lab", "--weights", "1,0.5,0.5", "--mask", tmp_path / "mask.png", *QUICK)
    model = tmp_path / "model.safetensors"
    ended = run("fit", tmp_path / "colour.png", tmp_path / "classes.png", "-o", model, *options)
    assert ended.code == 0, ended.err
    parameters = tz.open_model(model).recipe.superpixels
    assert (parameters.colour, parameters.weights) == ("lab", (1.0, 0.5, 0.5))


def test_a_colour_that_is_none_is_a_mistake(files, mistake, tmp_path):
    arguments = ("fit", files / "images", files / "annotations", "-o", tmp_path / "model.safetensors")
    assert mistake(*arguments, "--colour", "hsv") == "colour is 'hsv'; it must be one of 'none', 'lab'"
    assert "the image has 1 channels; give one per channel" in mistake(*arguments, "--weights", "1,2")


def test_a_forest_is_fitted(files, run, tmp_path):
    arguments = ("--model", "forest", "--samples", 500, "--trees", 10, "--classes", ",".join(NAMES), "--json")
    ended = run("fit", files / "images", files / "annotations", "-o", tmp_path / "forest.safetensors", *arguments)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["trees"] == 10
    assert open_model(tmp_path / "forest.safetensors").class_names == NAMES


@pytest.mark.parametrize(
    ("model", "option", "sentence"),
    [
        (
            "lattice",
            ("--base", 8),
            "--base is an option of --model unet, and the model is lattice; leave it out, or choose",
        ),
        ("unet", ("--size", 8), "--size is an option of --model lattice, and the model is unet"),
        ("unet", ("--mask", "m"), "--mask is an option of --model lattice, and the model is unet"),
        ("unet", ("--no-streaming",), "--streaming is an option of --model lattice, and the model is unet"),
        ("forest", ("--epochs", 3), "--epochs is an option of --model lattice or unet, and the model is forest"),
        ("lattice", ("--trees", 9), "--trees is an option of --model forest, and the model is lattice"),
    ],
)
def test_an_option_of_another_kind_of_model_is_refused(files, mistake, tmp_path, model, option, sentence):
    arguments = ("fit", files / "images", files / "annotations", "-o", tmp_path / "m.safetensors", "--model", model)
    assert sentence in mistake(*arguments, *option)


def test_an_unknown_kind_of_model_is_told_which_there_are(files, mistake, tmp_path):
    arguments = ("fit", files / "images", files / "annotations", "-o", tmp_path / "m.safetensors")
    assert "'lattice', 'unet', 'forest'" in mistake(*arguments, "--model", "gnn")


def test_a_fit_starts_from_a_model_and_refuses_what_is_unlike_it(files, run, mistake, tmp_path):
    start, out = files / "model.safetensors", tmp_path / "m.safetensors"
    given = ("fit", files / "images", files / "annotations", "-o", out, "--start", start, "--steps", 3)
    assert run(*given).code == 0
    model, begun = tz.open_model(out), tz.open_model(start)
    assert (model.class_names, model.settings, model.recipe) == (begun.class_names, begun.settings, begun.recipe)
    assert model.scales.row_mean.tolist() == begun.scales.row_mean.tolist()
    assert "size is (16, 16) and that of start (8, 8)" in mistake(*given, "--size", 16, "--overwrite")
    assert "--start is an option of --model lattice" in mistake(*given, "--model", "unet", "--overwrite")
