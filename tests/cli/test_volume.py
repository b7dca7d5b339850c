"""From a volume and its annotation on disk to scores, by commands alone."""

import json

import numpy as np
import pytest
from textures import NAMES, striped

import terrazzo as tz

SHAPE = (6, 96, 96)
SETTINGS = ("--classes", ",".join(NAMES), "--size", "2,8,8", "--width", 16, "--steps", 120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a volume of six sections as OME-Zarr and as NPY, and its annotation."""
    folder = tmp_path_factory.mktemp("volume")
    section, plane = striped()
    noise = np.random.default_rng(1).integers(0, 9, SHAPE, dtype=np.uint8)
    image, classes = section // 2 + noise, np.stack([plane] * SHAPE[0])
    tz.write_ome_zarr(folder / "image.ome.zarr", image, axes="zyx", pixel_size=(30, 4, 4), pixel_unit="nanometer")
    tz.write_ome_zarr(folder / "truth.ome.zarr", classes, axes="zyx", pixel_size=(30, 4, 4), pixel_unit="nanometer")
    np.save(folder / "image.npy", image)
    np.save(folder / "truth.npy", classes)
    return folder


def test_a_volume_is_fitted_predicted_and_scored(folder, run):
    model, result = folder / "model.safetensors", folder / "result.zarr"
    fitted = run("fit", folder / "image.ome.zarr", folder / "truth.ome.zarr", "-o", model, *SETTINGS)
    assert fitted.code == 0, fitted.err
    assert tz.open_model(model).recipe.superpixels.size == (2, 8, 8)
    assert tz.open_model(model).pixel_size == (30.0, 4.0, 4.0)
    predicted = run("predict", folder / "image.ome.zarr", "-m", model, "-o", result, "--workers", 1, "--json")
    assert predicted.code == 0, predicted.err
    assert json.loads(predicted.out)["pixels"] == np.prod(SHAPE)
    assert tz.open_labels(result / "labels" / "classes").pixel_size == (30.0, 4.0, 4.0)
    scores = json.loads(run("score", result, folder / "truth.ome.zarr", "--json").out)
    assert scores["pixels"] == np.prod(SHAPE)
    assert scores["accuracy"] > 0.9
    turned = json.loads(run("score", result, folder / "truth.npy", "--axes", "zyx", "--json").out)
    assert turned == scores


def test_files_without_axes_are_a_volume_when_the_command_says_so(folder, run, tmp_path):
    files = (folder / "image.npy", folder / "truth.npy", "-o", tmp_path / "model.safetensors")
    by_section = ("--size", "1,8,8", "--steps", 40, "--crf-steps", 2)
    ended = run("fit", *files, *SETTINGS, *by_section, "--axes", "zyx", "--annotation-axes", "zyx")
    assert ended.code == 0, ended.err
    model = tz.open_model(tmp_path / "model.safetensors")
    assert model.recipe.superpixels.size == (1, 8, 8)
    assert (model.settings.crf_steps, model.settings.pool_sections) == (2, False)
    volume = tz.open_image(folder / "image.npy", axes="zyx").data
    expected = tz.predict(model, volume, block=24).compute()
    assert np.array_equal(tz.predict(model, volume.rechunk((1, 4, 50, 31)), block=24).compute(), expected)
    assert (expected == np.load(folder / "truth.npy")).mean() > 0.1


def test_an_image_with_the_size_of_a_volume_is_a_mistake(files, mistake, tmp_path):
    image, annotation = files / "images" / "a.png", files / "annotations" / "a.png"
    said = mistake("fit", image, annotation, "-o", tmp_path / "model.safetensors", "--size", "2,8,8")
    assert said.startswith("size is ")
    assert not (tmp_path / "model.safetensors").exists()
