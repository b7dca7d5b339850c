from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest
import torch
from untrained import untrained_model

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError

ARRAY = np.zeros((40, 50), np.float32)
LAZY = da.zeros((40, 50), chunks=20)
TO_IMAGE = (
    "and an Image is wanted; open a file with tz.open_image; write an array with tz.write_ome_zarr, then open that"
)
TO_RESULT = "and a Result is wanted; open one with tz.open_result"
TO_MODEL = r"and a fitted model is wanted; the model comes first, as in predict\(model, image\); open the file of one"
TO_ARRAY = "and an Image or an array is wanted; open it with tz.open_"
AN_ARRAY = r"and an Image or an array is wanted; open files with tz\.open_.*, and make an array of anything else"
OF_SHAPE = r"an array of shape \(40, 50\)"


@pytest.fixture(scope="module")
def model():
    return untrained_model()


@pytest.fixture
def apart(tmp_path):
    (tmp_path / "shapes.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    return tmp_path


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("write_prediction", ("model", ARRAY, "r.zarr"), f"the image is {OF_SHAPE}, {TO_IMAGE}"),
        ("write_prediction", ("model", LAZY, "r.zarr"), f"the image is {OF_SHAPE}, {TO_IMAGE}"),
        ("write_prediction", ("model", Path("x.tif"), "r.zarr"), rf"the image is the path 'x\.tif', {TO_IMAGE}"),
        ("write_prediction", (ARRAY, "model", "r.zarr"), f"the model is {OF_SHAPE}, {TO_MODEL}"),
        ("write_image", (ARRAY, "i.zarr"), f"the image is {OF_SHAPE}, {TO_IMAGE}"),
        ("view", (ARRAY,), f"the image is {OF_SHAPE}, {TO_IMAGE}"),
        ("write_page", (ARRAY, "page"), f"the image is {OF_SHAPE}, {TO_IMAGE}"),
        ("predict", (LAZY, "model"), f"the model is {OF_SHAPE}, {TO_MODEL}"),
        ("predict", ("my.safetensors", ARRAY), rf"the model is the path 'my\.safetensors', {TO_MODEL}"),
        ("predict", (None, ARRAY), f"the model is None, {TO_MODEL}"),
        ("write_model", (ARRAY, "m.safetensors"), f"the model is {OF_SHAPE}, {TO_MODEL}"),
        ("predict", ("model", "x.tif"), rf"the image is the path 'x\.tif', {TO_ARRAY}image"),
        ("superpixels", ("big.ome.zarr",), rf"the image is the path 'big\.ome\.zarr', {TO_ARRAY}image"),
        ("fit", (["x.tif"], ["x.png"]), rf"the image is the path 'x\.tif', {TO_ARRAY}image"),
        ("fit", ([ARRAY], ["x.png"]), rf"the annotation is the path 'x\.png', {TO_ARRAY}labels or tz\.open_annotation"),
        ("write_polygons", ("dw.zarr", "a.geojson"), rf"the result is the path 'dw\.zarr', {TO_RESULT}"),
        ("write_measurements", ("dw.zarr", "a.csv"), rf"the result is the path 'dw\.zarr', {TO_RESULT}"),
        ("write_tiff", ("dw.zarr", "a.tif"), rf"the result is the path 'dw\.zarr', {TO_RESULT}"),
        ("write_labels_into", (LAZY, ARRAY), f"the result is {OF_SHAPE}, {TO_RESULT}"),
        ("source_image", ("d" * 200,), f"the result is the path '{'d' * 80}…', {TO_RESULT}"),
        (
            "open_image",
            (ARRAY,),
            f"the path is {OF_SHAPE}, and the path of a file is wanted; tz.predict",
        ),
        ("write_image", ("model", "i.zarr"), f"the image is a Model, {TO_IMAGE}"),
        ("superpixels", (None,), f"the image is None, {AN_ARRAY}"),
        ("superpixels", ("model",), f"the image is a Model, {AN_ARRAY}"),
        ("superpixels", (dask.delayed(ARRAY),), f"the image is a DelayedLeaf, {AN_ARRAY}"),
        ("superpixels", (torch.zeros(40, 50),), f"the image is a Tensor, {AN_ARRAY}"),
        ("fit", ([ARRAY], [None]), f"the annotation is None, {AN_ARRAY}"),
        ("score", (LAZY.astype(int), dask.delayed(ARRAY)), f"the annotation is a DelayedLeaf, {AN_ARRAY}"),
        ("open_annotation", (ARRAY, ARRAY), f"the path is {OF_SHAPE}, and the path of a file is wanted; tz.predict"),
        ("open_annotation", ("shapes.geojson", "x.tif"), rf"the image is the path 'x\.tif', {TO_ARRAY}image"),
        ("open_annotations", ("a.png", ARRAY), r"paths and images must be lists; write open_annotations\(\[path\]"),
        ("open_labels", (3,), "the path is an int, and the path of a file is wanted"),
        ("open_result", (LAZY,), f"the path is {OF_SHAPE}, and the path of a result is wanted; tz.write_prediction"),
        ("open_model", ("model",), "the path is a Model, and the path of a model is wanted; tz.write_model"),
        ("write_model", ("model", None), "the path is None, and the path of what is to be written is wanted"),
        ("write_ome_zarr", (ARRAY, "i.zarr"), f"the path is {OF_SHAPE}, and the path of what is to be written"),
        ("write_ome_zarr", ("i.zarr", [[1]]), "the array is a list, and one of Dask or numpy is wanted"),
    ],
)
def test_what_is_given_in_place_of_what_is_wanted_is_one_sentence(model, apart, monkeypatch, name, given, said):
    monkeypatch.chdir(apart)
    function = getattr(tz, name)
    with pytest.raises(ParameterError, match=f"^{said}"):
        function(*(model if isinstance(one, str) and one == "model" else one for one in given))
    assert [path.name for path in apart.iterdir()] == ["shapes.geojson"]


def test_of_several_files_the_one_that_must_be_mended_is_named(tmp_path):
    values = np.random.default_rng(1).integers(0, 99, (3, 40, 50), np.uint8)
    truth = values[0] % 2
    np.save(tmp_path / "grey.npy", values[0])
    np.save(tmp_path / "rgb.npy", values)
    np.save(tmp_path / "small.npy", truth[:30])
    np.save(tmp_path / "truth.npy", truth)
    np.save(tmp_path / "gap.npy", np.where(truth == 1, 7, truth))
    np.save(tmp_path / "high.npy", truth.astype(np.int32) * 300)
    grey, rgb = tz.open_image(tmp_path / "grey.npy"), tz.open_image(tmp_path / "rgb.npy")
    small, right, gap, high = (tz.open_labels(tmp_path / f"{name}.npy") for name in ("small", "truth", "gap", "high"))
    for images, annotations, classes, said in (
        ([grey, grey], [right, gap], "ab", r"^'[^']*gap\.npy': the annotation holds the value 7"),
        ([grey, grey], [right, small], "ab", r"^'[^']*small\.npy': the annotation has \(30, 50\) pixels"),
        ([grey, grey], [right, high], None, r"^'[^']*high\.npy': the annotation holds the value 300"),
        ([grey, rgb], [right, right], "ab", r"\[1, 3\] channels, '[^']*grey\.npy' 1 and '[^']*rgb\.npy' 3; all must"),
    ):
        for fit in (tz.fit, tz.fit_forest, tz.fit_unet):
            with pytest.raises(InputError, match=said):
                fit(images, annotations, class_names=classes)
