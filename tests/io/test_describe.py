import json

import h5py
import imageio.v3 as imageio
import numpy as np
import pytest
import zarr
from segmented import grid_of
from untrained import untrained_model
from written import finish

from terrazzo.errors import InputError, ModelError
from terrazzo.io.describe import describe
from terrazzo.io.images.ome_zarr_writer import write_ome_zarr
from terrazzo.io.model_file import write_model
from terrazzo.io.results.new_result import create_result
from terrazzo.io.results.result import open_result
from terrazzo.version import __version__


def test_an_image_is_described_by_its_axes_and_its_type(tmp_path):
    imageio.imwrite(tmp_path / "image.png", np.zeros((20, 30, 3), np.uint8))
    found = describe(tmp_path / "image.png")
    assert next(iter(found)) == "kind"
    assert found["kind"] == "image"
    assert found["shape"] == {"c": 3, "y": 20, "x": 30}
    assert found["dtype"] == "uint8"
    json.dumps(found)


def test_an_image_tells_the_scale_that_superpixels_would_take_where_that_is_quick_to_read(tmp_path):
    pixels = np.zeros((700, 900), np.uint8)
    pixels[300:, 400:] = np.random.default_rng(0).integers(50, 151, (400, 500))
    np.save(tmp_path / "a.npy", pixels)
    assert describe(tmp_path / "a.npy")["intensity_scale"] == pytest.approx(pixels[300:, 400:].std(), rel=0.01)
    write_ome_zarr(tmp_path / "b.zarr", np.full((30, 40), 7, np.uint8), axes="yx")
    assert describe(tmp_path / "b.zarr")["intensity_scale"] is None
    write_ome_zarr(tmp_path / "c.zarr", pixels, axes="yx")
    for file in (tmp_path / "c.zarr" / "0" / "c").rglob("*"):
        if file.is_file():
            file.write_bytes(b"broken")
    assert describe(tmp_path / "c.zarr")["intensity_scale"] is None


def test_a_volume_is_described_along_its_four_axes(tmp_path):
    write_ome_zarr(tmp_path / "a.zarr", np.zeros((9, 20, 30), np.uint8), axes="zyx", pixel_size=(4, 2, 1))
    found = describe(tmp_path / "a.zarr")
    assert found["shape"] == found["chunks"] == {"c": 1, "z": 9, "y": 20, "x": 30}
    assert (found["pixel_size"], found["pixel_unit"]) == ((4.0, 2.0, 1.0), "micrometer")
    np.save(tmp_path / "a.npy", np.zeros((9, 20, 30), np.uint8))
    assert describe(tmp_path / "a.npy", axes="zyx")["shape"] == found["shape"]
    json.dumps(found)


def test_a_model_is_described_by_its_classes_and_its_network(tmp_path):
    model = untrained_model(pixel_size=(0.5, 0.5), pixel_unit="micrometer", fitted={"epochs": 7.0})
    found = describe(write_model(model, tmp_path / "model.safetensors"))
    assert found["kind"] == "model"
    assert found["classes"] == {"ground": "#102030", "grass": "#00ff7f", "water": "#0000ff"}
    assert found["superpixels"]["size"] == (6, 6)
    assert found["statistics"] == ["area", "intensity", "scale_space_1", "scale_space_4"]
    assert found["network"]["settings"]["levels"] == 0
    assert found["parameters"] == sum(p.numel() for p in model.network.parameters())
    assert found["fitted"] == {"epochs": 7.0}
    assert (found["axes"], found["pixel_size"], found["pixel_unit"]) == ("yx", (0.5, 0.5), "micrometer")
    assert found["versions"]["terrazzo"] == __version__
    json.dumps(found)


def empty_result(path):
    create_result(
        path,
        grid_of((60, 70)),
        node_columns=("a",),
        edge_columns=("b",),
        class_names=("x", "y"),
        colours=("#000000", "#ffffff"),
        pixel_size=None,
        made_from={"image": "image.png"},
    )


def test_a_result_is_described_by_its_run(tmp_path):
    empty_result(tmp_path / "result.zarr")
    found = describe(tmp_path / "result.zarr")
    assert found["kind"] == "result"
    assert found["made_from"] == {"image": "image.png"}
    assert found["finished"] is False
    assert found["shape"] == {"y": 60, "x": 70}
    assert (found["blocks"], found["finished_blocks"]) == (len(grid_of((60, 70))), {"superpixels": 0, "classes": 0})
    json.dumps(found)


def test_an_image_tells_its_levels_and_what_is_stored_in_one_piece(tmp_path):
    group = zarr.create_group(tmp_path / "a.zarr", attributes={"ome": two_levels()})
    for level in range(2):
        group.create_array(str(level), data=np.zeros((64 >> level, 80 >> level), np.uint8), chunks=(16, 20))
    found = describe(tmp_path / "a.zarr", pixel_size=1)
    assert (found["level"], found["shape"]) == (1, {"c": 1, "y": 32, "x": 40})
    assert found["stored_chunks"] == {"y": 16, "x": 20}
    assert [entry["shape"] for entry in found["levels"]] == [[64, 80], [32, 40]]
    assert [entry["pixel_size"] for entry in found["levels"]] == [(0.5, 0.5), (1.0, 1.0)]
    json.dumps(found)


def two_levels():
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "yx"]
    datasets = [
        {"path": str(n), "coordinateTransformations": [{"type": "scale", "scale": [0.5 * 2**n] * 2}]} for n in range(2)
    ]
    return {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}


def test_a_stack_and_a_dataset_in_a_file_are_images(tmp_path):
    for number in range(3):
        imageio.imwrite(tmp_path / f"s{number}.png", np.zeros((20, 30), np.uint8))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"] = np.zeros((20, 30), np.uint8)
    assert describe(f"{tmp_path}/*.png", axes="zyx")["shape"] == {"c": 1, "z": 3, "y": 20, "x": 30}
    assert describe(tmp_path / "a.h5" / "raw")["kind"] == describe(tmp_path / "a.h5")["kind"] == "image"


def test_a_folder_of_results_says_which_are_finished(tmp_path):
    for name in ("a.zarr", "b.zarr"):
        empty_result(tmp_path / name)
    finish(open_result(tmp_path / "b.zarr"), {})
    blocks = len(grid_of((60, 70)))
    found = describe(tmp_path)
    assert found["kind"] == "results"
    assert found["results"] == {"a.zarr": f"0 of {blocks} blocks", "b.zarr": "finished"}
    json.dumps(found)


def test_shapes_are_counted_by_class(tmp_path):
    lines = ["index,shape-type,vertex-index,axis-0,axis-1,class"]
    for index, name in enumerate(("Tumor", "Stroma", "Tumor")):
        lines += [f"{index},path,{vertex},{vertex},{10 * index},{name}" for vertex in range(2)]
    (tmp_path / "drawn.csv").write_text("\n".join(lines))
    found = describe(tmp_path / "drawn.csv")
    assert (found["kind"], found["shapes"]) == ("shapes", {"Tumor": 2, "Stroma": 1})
    assert found["extent"] == {"y": [0.5, 1.5], "x": [0.5, 20.5]}
    json.dumps(found)


def test_a_drawing_of_nothing_has_no_shapes(tmp_path):
    (tmp_path / "drawn.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    assert describe(tmp_path / "drawn.geojson")["shapes"] == {}


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
