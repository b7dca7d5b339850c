"""A run goes on only where everything is the same; what is not is named."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from segmented import FEATURES, blobs, small_recipe
from told import telling
from untrained import untrained_model

import terrazzo as tz
from terrazzo.blockwise.runs import made_from as module
from terrazzo.errors import InputError


class Stopped(Exception):  # noqa: N818
    pass


def stop(name, done, *_):
    if (name, done) == ("superpixels", 2):
        raise Stopped


@pytest.fixture
def image(tmp_path):
    np.save(tmp_path / "image.npy", blobs((60, 70))[0])
    return tz.open_image(tmp_path / "image.npy")


@pytest.fixture
def begun(model, image, tmp_path):
    """A result of which two blocks are finished."""
    with pytest.raises(Stopped), telling(stop):
        tz.write_prediction(model, image, tmp_path / "result.zarr", block=24)
    return tmp_path / "result.zarr"


def state(result):
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in [result, *result.rglob("*")]}


def refused(result, *arguments, **others):
    """Return what a run is refused with that touches nothing."""
    before = state(result)
    with pytest.raises(InputError) as found:
        tz.write_prediction(*arguments, result, **({"block": 24} | others))
    assert state(result) == before
    said = str(found.value)
    start = f"'{result}' exists and was not made from this: "
    end = "; give the same as then, choose another path or add --overwrite"
    assert said.startswith(start)
    assert said.endswith(end)
    return said.removeprefix(start).removesuffix(end)


def test_another_model_is_refused_by_name(begun, image):
    assert refused(begun, untrained_model(seed=5), image) == "the model has changed"


def test_another_parameter_is_refused_by_name(begun, image):
    recipe = small_recipe()
    other = replace(recipe, superpixels=replace(recipe.superpixels, compactness=0.2))
    assert refused(begun, untrained_model(other), image) == ("the model has changed, compactness was 0.45 and is 0.2")
    larger = untrained_model(small_recipe(size=(8, 8), features=FEATURES))
    assert "size was [6, 6] and is [8, 8]" in refused(begun, larger, image)


def test_other_colours_are_refused_by_name(begun, image, model):
    other = replace(model, colours=("#000000", *model.colours[1:]))
    assert refused(begun, other, image).startswith("colours was ['#102030', ")


def test_another_block_is_refused_by_name(begun, image, model):
    assert refused(begun, model, image, block=48) == "block_cells was [4, 4] and is [8, 8]"


def test_an_image_that_was_written_again_is_refused_by_name(begun, image, model):
    np.save(image.path, blobs((60, 70), seed=1)[0])
    assert refused(begun, model, tz.open_image(image.path)) == "the content of the image has changed"


def test_another_image_is_refused_by_name(begun, model, image, tmp_path):
    np.save(tmp_path / "other.npy", blobs((60, 80))[0])
    said = refused(begun, model, tz.open_image(tmp_path / "other.npy"))
    assert f"image was {image.path} and is {tmp_path / 'other.npy'}" in said
    assert "shape was [1, 60, 70] and is [1, 60, 80]" in said


def test_a_mask_that_was_not_there_is_refused_by_name(begun, model, image):
    said = refused(begun, model, image, mask=np.ones((60, 70), bool))
    assert said == "there was no mask and now it is an array, the content of the mask has changed"


def test_another_version_is_refused_by_name(begun, model, image, monkeypatch):
    then = json.loads((begun / "run.json").read_text())["made_from"]["versions"]["torch"]
    monkeypatch.setattr(module, "_version", lambda name: "9.9" if name == "torch" else then_versions(begun)[name])
    assert refused(begun, model, image) == f"torch was {then} and is 9.9"


def then_versions(result):
    return json.loads((result / "run.json").read_text())["made_from"]["versions"]


@pytest.mark.parametrize("kind", ["array", "dask", "stored", "function"])
def test_a_mask_is_the_same_if_what_it_holds_is(kind, model, image, tmp_path):
    bright = blobs((60, 70))[0] > 0.5

    def masks(threshold):
        here = blobs((60, 70))[0] > threshold
        if kind == "stored":
            np.save(tmp_path / f"{threshold}.npy", here.astype(np.uint8))
        return {
            "array": lambda: here.copy(),
            "dask": lambda: image.data[0] > threshold,
            "stored": lambda: tz.open_labels(tmp_path / f"{threshold}.npy"),
            "function": lambda: lambda pixels: pixels[0] > threshold,
        }[kind]

    same = masks(0.5)
    with pytest.raises(Stopped), telling(stop):
        tz.write_prediction(model, image, tmp_path / "result.zarr", mask=same(), block=24)
    assert "the content of the mask has changed" in refused(tmp_path / "result.zarr", model, image, mask=masks(0.7)())
    result = tz.write_prediction(model, image, tmp_path / "result.zarr", mask=same(), block=24)
    assert np.array_equal(result.read_superpixels((slice(None),) * 2) > 0, bright)


def test_the_scale_that_was_estimated_is_kept(image, tmp_path):
    recipe = small_recipe()
    model = untrained_model(recipe)
    model = replace(model, recipe=replace(recipe, superpixels=replace(recipe.superpixels, scale=None)))
    result = tmp_path / "result.zarr"
    with pytest.raises(Stopped), telling(stop):
        tz.write_prediction(model, image, result, block=24)
    scale = tz.open_result(result).run["made_from"]["intensity_scale"]
    assert 0 < scale < 1
    tz.write_prediction(model, image, result, block=24)
    assert tz.open_result(result).run["made_from"]["intensity_scale"] == scale
    undisturbed = tz.write_prediction(model, image, tmp_path / "undisturbed.zarr", block=24)
    for name in ("read_superpixels", "read_classes"):
        arrays = [getattr(one, name)((slice(None),) * 2) for one in (tz.open_result(result), undisturbed)]
        assert np.array_equal(*arrays)


def test_overwriting_begins_anew(begun, image, tmp_path):
    told, other = [], untrained_model(seed=5)
    with telling(lambda *now: told.append(now)):
        tz.write_prediction(other, image, begun, block=24, overwrite=True)
    assert told[0][:2] == ("superpixels", 0)
    fresh = tz.write_prediction(other, image, tmp_path / "fresh.zarr", block=24)
    everything = (slice(None),) * 2
    assert np.array_equal(tz.open_result(begun).read_classes(everything), fresh.read_classes(everything))


def test_a_finished_result_is_returned_as_it_is(model, image, tmp_path):
    result = tz.write_prediction(model, image, tmp_path / "result.zarr", block=24)
    before, told = state(Path(result.path)), []
    with telling(lambda *now: told.append(now)):
        again = tz.write_prediction(model, image, result.path, block=24)
    assert again == result
    assert told == []
    assert state(Path(result.path)) == before
