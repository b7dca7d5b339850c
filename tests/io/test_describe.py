import json

import imageio.v3 as imageio
import numpy as np
import pytest
from segmented import grid_of
from untrained import untrained_model

from terrazzo.errors import InputError, ModelError
from terrazzo.io.describe import describe
from terrazzo.io.model_file import write_model
from terrazzo.io.new_result import create_result
from terrazzo.io.ome_zarr_writer import write_ome_zarr


def test_an_image_is_described_by_its_axes_and_its_type(tmp_path):
    imageio.imwrite(tmp_path / "image.png", np.zeros((20, 30, 3), np.uint8))
    found = describe(tmp_path / "image.png")
    assert next(iter(found)) == "kind"
    assert found["kind"] == "image"
    assert found["shape"] == {"c": 3, "y": 20, "x": 30}
    assert found["dtype"] == "uint8"
    json.dumps(found)


def test_a_volume_is_described_along_its_four_axes(tmp_path):
    write_ome_zarr(tmp_path / "a.zarr", np.zeros((9, 20, 30), np.uint8), axes="zyx", pixel_size=(4, 2, 1))
    found = describe(tmp_path / "a.zarr")
    assert found["shape"] == found["chunks"] == {"c": 1, "z": 9, "y": 20, "x": 30}
    assert (found["pixel_size"], found["pixel_unit"]) == ((4.0, 2.0, 1.0), "micrometer")
    np.save(tmp_path / "a.npy", np.zeros((9, 20, 30), np.uint8))
    assert describe(tmp_path / "a.npy", axes="zyx")["shape"] == found["shape"]
    json.dumps(found)


def test_a_model_is_described_by_its_classes_and_its_network(tmp_path):
    model = untrained_model(pixel_size=(0.5, 0.5), fitted={"epochs": 7.0})
    found = describe(write_model(model, tmp_path / "model.safetensors"))
    assert found["kind"] == "model"
    assert found["classes"] == {"ground": "#102030", "grass": "#00ff7f", "water": "#0000ff"}
    assert found["superpixels"]["size"] == (6, 6)
    assert found["statistics"] == ["area", "intensity", "scale_space_1", "scale_space_4"]
    assert found["network"]["layers"] == 2
    assert found["parameters"] == sum(p.numel() for p in model.network.parameters())
    assert found["fitted"] == {"epochs": 7.0}
    json.dumps(found)


def test_a_result_is_described_by_its_run(tmp_path):
    create_result(
        tmp_path / "result.zarr",
        grid_of((60, 70)),
        node_columns=("a",),
        edge_columns=("b",),
        class_names=("x", "y"),
        colours=("#000000", "#ffffff"),
        pixel_size=None,
        made_from={"image": "image.png"},
    )
    found = describe(tmp_path / "result.zarr")
    assert found["kind"] == "result"
    assert found["made_from"] == {"image": "image.png"}
    assert found["finished"] is False
    assert (found["blocks"], found["finished_blocks"]) == (len(grid_of((60, 70))), {"superpixels": 0, "classes": 0})
    json.dumps(found)


def test_nothing_cannot_be_described(tmp_path):
    with pytest.raises(InputError, match=r"there is nothing at .*; give an image, a result or a model"):
        describe(tmp_path / "none")


def test_a_file_that_is_none_of_them_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match="is of no known format"):
        describe(tmp_path / "notes.txt")
    (tmp_path / "broken.safetensors").write_text("hello")
    with pytest.raises(ModelError, match="is no whole safetensors file"):
        describe(tmp_path / "broken.safetensors")
