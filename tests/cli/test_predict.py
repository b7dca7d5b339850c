import json
import shutil

import imageio.v3 as imageio
import numpy as np
import pytest
from textures import striped

import terrazzo as tz
from terrazzo.blockwise.cluster import cluster

ALL = (slice(None), slice(None))


def test_another_process_reads_the_model_and_writes_the_result(files, predicted):
    assert predicted.returncode == 0, predicted.stderr
    report = json.loads(predicted.stdout)
    assert report["result"] == str(files / "result.zarr")
    assert report["pixels"] == 96 * 96
    result = tz.open_result(files / "result.zarr")
    assert report["superpixels"] == len(np.unique(result.read_superpixels(ALL)))
    _, classes = striped(seed=0)
    assert np.mean(result.read_classes(ALL) == classes) > 0.9


def test_an_image_unlike_those_of_the_fit_is_told_in_one_line(files, run, run_apart, tmp_path):
    deep = imageio.imread(files / "images" / "a.png").astype(np.uint16) * 16
    imageio.imwrite(tmp_path / "deep.tif", deep)
    paths = tmp_path / "deep.tif", "-m", files / "model.safetensors", "-o", tmp_path / "result.zarr"
    ended = run_apart("predict", *paths, "--workers", 1, "--json")
    note, *others = json.loads(ended.stdout)["notes"]
    assert all("superpixels are unlike" in other for other in others)
    assert "deep.tif' is unlike the images that the model was fitted on: its intensities are about 16 times" in note
    assert ended.stderr.splitlines().count(note) == 1
    assert json.loads(run("info", tmp_path / "result.zarr", "--json").out)["notes"] == [note, *others]
    seen = json.loads(run("info", files / "model.safetensors", "--json").out)["fitted_on"]
    assert seen.startswith("2 images of uint8")


def test_the_result_is_that_of_the_function(files, predicted):  # noqa: ARG001
    image, model = tz.open_image(files / "images" / "a.png"), tz.open_model(files / "model.safetensors")
    lazy = tz.predict(model, image, block=32).compute()
    assert np.array_equal(tz.open_result(files / "result.zarr").read_classes(ALL), lazy)


@pytest.mark.parametrize(
    ("image", "options", "sentence"),
    [
        ("none.png", (), "There is no file, folder or store at"),
        ("colour.png", (), "colour.png': the image has 3 channels and the model was fitted on 1"),
        ("images/a.png", ("--workers", 0), "workers is 0; it must be at least 1"),
        ("images/a.png", ("--scheduler", "tcp://127.0.0.1:9"), "no Dask scheduler answers at 'tcp://127.0.0.1:9'"),
        ("images/a.png", ("--scheduler-file", "none.json"), "'none.json' is no scheduler file"),
        ("images/a.png", ("--scheduler", "tcp://h:1", "--scheduler-file", "f.json"), "'tcp://h:1', and a file of one"),
        ("images/a.png", ("--level", 2), "has no level 2"),
    ],
)
def test_a_mistake_ends_with_one_sentence(files, mistake, tmp_path, monkeypatch, image, options, sentence):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    said = mistake(
        "predict", files / image, "-m", files / "model.safetensors", "-o", tmp_path / "result.zarr", *options
    )
    assert sentence in said
    assert not (tmp_path / "result.zarr").exists()


def test_a_missing_or_a_foreign_model_is_named(files, mistake, tmp_path):
    image, output = files / "images" / "a.png", tmp_path / "result.zarr"
    assert "there is no model at" in mistake("predict", image, "-m", tmp_path / "none", "-o", output)
    assert "is no whole safetensors file" in mistake("predict", image, "-m", image, "-o", output)


def test_what_stands_at_the_output_is_kept(files, mistake, tmp_path):
    (tmp_path / "mine").mkdir()
    arguments = ("predict", files / "images" / "a.png", "-m", files / "model.safetensors", "-o", tmp_path / "mine")
    assert "exists; choose another path or add --overwrite" in mistake(*arguments)
    assert "is no result of terrazzo, so it is not overwritten" in mistake(*arguments, "--overwrite")
    assert (tmp_path / "mine").is_dir()


def test_a_pixel_that_is_not_finite_is_named_by_the_worker_that_met_it(files, mistake, tmp_path):
    image = imageio.imread(files / "images" / "a.png").astype(np.float32)
    image[70, 80] = np.nan
    np.save(tmp_path / "image.npy", image)
    arguments = ("predict", tmp_path / "image.npy", "-m", files / "model.safetensors", "-o", tmp_path / "result.zarr")
    said = mistake(*arguments, "--workers", 1, "--block", 32)
    assert said.startswith(f"'{tmp_path / 'image.npy'}': the image is nan in channel 0 at pixel (y, x) = (70, 80)")
    said = mistake("score", tmp_path / "result.zarr", files / "annotations" / "a.png")
    assert "is not finished" in said
    shutil.rmtree(tmp_path / "result.zarr")


def test_a_mask_leaves_pixels_without_superpixel_and_class(files, run, tmp_path):
    mask = np.ones((96, 96), np.uint8)
    mask[:, :50] = 0
    imageio.imwrite(tmp_path / "mask.png", mask)
    image, output = files / "images" / "a.png", tmp_path / "result.zarr"
    options = ("--mask", tmp_path / "mask.png", "--workers", 1, "--block", 32)
    ended = run("predict", image, "-m", files / "model.safetensors", "-o", output, *options)
    assert ended.code == 0, ended.err
    result = tz.open_result(output)
    assert np.array_equal(result.read_superpixels(ALL) == 0, mask == 0)
    assert np.all(result.read_classes(ALL)[mask == 0] == 255)
    assert np.all(result.read_classes(ALL)[mask == 1] < 255)


def test_the_classes_go_into_the_labels_of_the_image(files, run, mistake, tmp_path):
    image, output = tmp_path / "image.ome.zarr", tmp_path / "result.zarr"
    tz.write_ome_zarr(image, imageio.imread(files / "images" / "a.png"), axes="yx")
    arguments = ("predict", image, "-m", files / "model.safetensors", "-o", output, "--workers", 1, "--block", 32)
    ended = run(*arguments, "--into", "--probabilities")
    assert ended.code == 0, ended.err
    result = tz.open_result(output)
    assert result.probabilities == 2
    assert np.array_equal(tz.open_labels(image / "labels" / "classes").plane.compute(), result.read_classes(ALL))
    # the same again has nothing to do
    ended = run(*arguments, "--into", "--probabilities")
    assert ended.code == 0, ended.err
    assert "is finished: nothing to compute" in ended.err
    elsewhere = (*arguments[:5], tmp_path / "other.zarr")
    assert "has labels 'classes' already; add --overwrite to replace them" in mistake(*elsewhere, "--into")
    assert not (tmp_path / "other.zarr").exists()


def test_labels_go_into_ome_zarr_images_only(files, mistake, tmp_path):
    arguments = ("predict", files / "images" / "a.png", "-m", files / "model.safetensors")
    said = mistake(*arguments, "-o", tmp_path / "result.zarr", "--into")
    assert "a.png' is no OME-Zarr image, so labels cannot be written into it; write a result only" in said
    assert not (tmp_path / "result.zarr").exists()


def test_a_result_inside_its_image_is_refused(files, mistake, tmp_path):
    tz.write_ome_zarr(tmp_path / "image.zarr", imageio.imread(files / "images" / "a.png"), axes="yx")
    output = tmp_path / "image.zarr" / "result.zarr"
    said = mistake("predict", tmp_path / "image.zarr", "-m", files / "model.safetensors", "-o", output)
    assert "is inside its own input" in said
    assert not output.exists()


def test_a_mask_without_its_image_is_named(files, mistake, tmp_path):
    said = mistake(
        "predict", files / "images", "-m", files / "model.safetensors", "-o", tmp_path, "--mask", files / "colour.png"
    )
    assert "2 images without a mask of the same name: 'a', 'b'" in said
