"""How commands are told which images to open, and what they say of those that they cannot."""

import json

import imageio.v3 as imageio
import numpy as np
import pytest
import tifffile
import zarr
from textures import NAMES, striped

import terrazzo as tz

QUICK = ("--size", 8, "--width", 16, "--steps", 3)


@pytest.fixture(scope="module")
def pyramid(tmp_path_factory):
    """An OME-Zarr of two levels with pixels of 0.5 and 1 micrometres, whose second level is annotated."""
    folder = tmp_path_factory.mktemp("pyramid")
    image, classes = striped(seed=0)
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "yx"]
    datasets = [
        {"path": str(n), "coordinateTransformations": [{"type": "scale", "scale": [0.5 * 2**n] * 2}]} for n in range(2)
    ]
    ome = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}
    group = zarr.create_group(folder / "image.zarr", attributes={"ome": ome})
    group.create_array("0", data=np.kron(image, np.ones((2, 2), image.dtype)))
    group.create_array("1", data=image)
    imageio.imwrite(folder / "classes.png", classes)
    return folder


def test_the_level_is_chosen_by_the_size_of_its_pixels(pyramid, run, run_apart):
    model = pyramid / "model.safetensors"
    files = (pyramid / "image.zarr", pyramid / "classes.png", "-o", model)
    ended = run("fit", *files, *QUICK, "--classes", ",".join(NAMES), "--pixel-size", 0.9)
    assert ended.code == 0, ended.err
    assert (tz.open_model(model).pixel_size, tz.open_model(model).pixel_unit) == ((1.0, 1.0), "micrometer")
    planned = json.loads(run("plan", pyramid / "image.zarr", "-m", model, "--pixel-size", 1, "--json").out)
    assert planned["extent"] == [96, 96]
    told = run_apart("predict", pyramid / "image.zarr", "-m", model, "-o", pyramid / "fine.zarr", "--workers", 1)
    assert told.returncode == 0, told.stderr
    assert told.stderr.count("times as wide as those that the model was fitted at") == 1
    assert "level 1 of the image would fit" in told.stderr


def test_level_and_pixel_size_together_are_a_mistake(pyramid, mistake):
    said = mistake("info", pyramid / "image.zarr", "--level", 1, "--pixel-size", 1)
    assert said.startswith("level=1 and pixel_size=(1.0,) both choose a level")


def test_a_stack_of_sections_is_fitted_and_predicted_as_one_volume(run, tmp_path):
    section, classes = striped(seed=0)
    for folder, plane in (("sections", section), ("truth", classes)):
        (tmp_path / folder).mkdir()
        for number in range(4):
            imageio.imwrite(tmp_path / folder / f"s{number}.png", plane)
    images, model = f"{tmp_path}/sections/*.png", tmp_path / "model.safetensors"
    settings = ("--size", "2,8,8", *QUICK[2:], "--stack", "--axes", "zyx", "--annotation-axes", "zyx")
    ended = run("fit", images, f"{tmp_path}/truth/*.png", "-o", model, *settings)
    assert ended.code == 0, ended.err
    result = tmp_path / "result.zarr"
    options = ("--workers", 1, "--stack", "--axes", "zyx", "--mask", f"{tmp_path}/truth/*.png", "--json")
    ended = run("predict", images, "-m", model, "-o", result, *options)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["pixels"] == 4 * 96 * 96
    assert np.array_equal(tz.open_result(result).read_classes(np.s_[:, :, :]) == 255, [classes == 0] * 4)


def truncated(path):
    np.save(path, np.zeros((50, 50)))
    path.write_bytes(path.read_bytes()[:-100])


WRONG = {
    "missing.tif": (lambda _: None, "there is nothing at"),
    "empty.tif": (lambda path: path.touch(), "is empty, a file of 0 bytes; copy it again"),
    "truncated.npy": (truncated, "is cut short: its header says"),
    "folder": (lambda path: path.mkdir(), "is a folder and no Zarr store; give one image or store inside it"),
    "line.npy": (lambda path: np.save(path, np.zeros(9)), "has 1 axis, of shape (9,); an image has y and x"),
    "pages.tif": (
        lambda path: tifffile.imwrite(path, np.zeros((5, 40, 30), np.uint8), photometric="minisblack"),
        "does not say what its 3 axes of shape (5, 40, 30) are: pass axes=",
    ),
    "complex.npy": (lambda path: np.save(path, np.zeros((9, 9), complex)), "holds values of type complex128"),
    "text.npy": (lambda path: np.save(path, np.full((9, 9), "a")), "holds values of type <U1"),
    "no_pixel.npy": (lambda path: np.save(path, np.zeros((0, 9))), "is empty: its shape is (0, 9)"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("command", ["info", "plan"])
def test_an_image_that_cannot_be_opened_ends_with_one_sentence(mistake, tmp_path, command, name):
    make, sentence = WRONG[name]
    make(tmp_path / name)
    said = mistake(command, tmp_path / name)
    assert (sentence if name != "missing.tif" or command == "info" else "There is no file or store at") in said


def test_axes_that_do_not_fit_are_a_mistake(mistake, tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((9, 9)))
    assert "has 2 axes, of shape (9, 9); axes='zyx' names 3" in mistake("info", tmp_path / "a.npy", "--axes", "zyx")


def test_a_time_of_a_series_is_selected_by_every_command_that_opens_images(files, run, mistake, tmp_path):
    times = [imageio.imread(files / f"images/{stem}.png") for stem in "ab"]
    truths = [imageio.imread(files / f"annotations/{stem}.png") for stem in "ab"]
    tifffile.imwrite(tmp_path / "series.tif", np.stack(times), imagej=True, metadata={"axes": "TYX"})
    tifffile.imwrite(tmp_path / "truth.tif", np.stack(truths), imagej=True, metadata={"axes": "TYX"})
    series, model, result = tmp_path / "series.tif", tmp_path / "model.safetensors", tmp_path / "result.zarr"
    assert "is 2 long along its t axis" in mistake("info", series)
    assert "has no t=2; its axes are t (2 long), y (96 long), x (96 long)" in mistake("info", series, "--select", "t=2")
    assert json.loads(run("info", series, "--select", "t=1", "--json").out)["selected"] == "t=1"
    assert run("plan", series, "--select", "t=1").code == 0
    quick = ("--size", 8, "--width", 16, "--steps", 60)
    ended = run("fit", series, tmp_path / "truth.tif", "-o", model, "--select", "t=0", *quick)
    assert ended.code == 0, ended.err
    ended = run("predict", series, "-m", model, "-o", result, "--select", "t=1", "--workers", 1)
    assert ended.code == 0, ended.err
    scored = [
        json.loads(run("score", result, tmp_path / "truth.tif", "--json", *more).out)["accuracy"]
        for more in ((), ("--select", "t=1"), ("--select", "t=0"))
    ]
    assert scored[0] == scored[1] > 0.8
    assert scored[2] != scored[0]
    tifffile.imwrite(tmp_path / "pages.tif", np.stack(truths), photometric="minisblack", metadata=None)
    told = ("--prediction-axes", "tyx", "--prediction-select", "t=1")
    again = run("score", tmp_path / "pages.tif", tmp_path / "truth.tif", "--json", *told)
    assert json.loads(again.out)["accuracy"] == 1
