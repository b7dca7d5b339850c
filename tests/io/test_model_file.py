import json
import pickletools
import struct
import subprocess
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from segmented import blobs, graph_of, grid_of, segment, small_recipe
from untrained import undirected_model, untrained_model

from terrazzo.errors import InputError, ModelError
from terrazzo.io.model_file import open_model, seal, write_fitted, write_model
from terrazzo.regions.statistics.features import AREA, Statistic
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

# Written by the version before colour, weights and volumes: an untrained model of channels 2.
FORMAT_1 = Path(__file__).parents[1] / "data" / "model_of_format_1.safetensors"


@pytest.fixture
def written(tmp_path):
    model = untrained_model(pixel_size=(0.5, 0.25), fitted={"epochs": 7.0})
    return write_model(model, tmp_path / "model.safetensors")


def parts_of(path):
    """Return the header and the tensors of a model file."""
    with safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["terrazzo"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def rewrite(path, header=None, tensors=None, sealed=True):
    """Write a model file with another header or other tensors, as if it had been made so or, not sealed, edited."""
    old_header, old_tensors = parts_of(path)
    header, tensors = header or old_header, tensors or old_tensors
    if sealed:
        header |= {"sha256": seal(header, {name: torch.from_numpy(array) for name, array in tensors.items()})}
    save_file(tensors, path, metadata={"terrazzo": json.dumps(header)})


@pytest.mark.parametrize(
    "make", [untrained_model, partial(undirected_model, "mean"), partial(undirected_model, "attention")]
)
def test_a_model_comes_back_as_it_was_written(tmp_path, make):
    recipe = small_recipe(channels=2, size=(5, 7))
    model = make(recipe=recipe, pixel_size=(0.5, 0.25), fitted={"epochs": 7.0})
    read = open_model(write_model(model, tmp_path / "model.safetensors"))
    assert read.fingerprint() == model.fingerprint()
    assert repr(read.recipe) == repr(model.recipe)
    assert (read.class_names, read.colours) == (model.class_names, model.colours)
    assert (read.pixel_size, read.fitted) == ((0.5, 0.25), {"epochs": 7.0})
    graph = graph_of(segment(blobs(channels=2), grid_of((60, 70), (5, 7)), recipe), recipe)
    assert np.array_equal(read.class_probabilities(graph), model.class_probabilities(graph))


def test_lists_of_the_header_come_back_as_tuples(tmp_path):
    recipe = small_recipe(channels=2)
    weighted = replace(recipe, superpixels=replace(recipe.superpixels, weights=(1.0, 0.5)))
    model = replace(untrained_model(recipe), recipe=weighted, pixel_size=(40.0, 4.0, 4.5))
    read = open_model(write_model(model, tmp_path / "model.safetensors"))
    assert read.recipe.superpixels == weighted.superpixels
    assert read.recipe.superpixels.weights == (1.0, 0.5)
    assert read.pixel_size == (40.0, 4.0, 4.5)


def test_a_model_of_the_format_before_opens_with_what_it_could_not_say_left_at_its_default():
    header, _ = parts_of(FORMAT_1)
    assert header["format"] == 1
    assert header["superpixels"].keys() == {"size", "compactness", "iterations", "sigma", "scale"}
    read = open_model(FORMAT_1)
    assert read.recipe.superpixels == SuperpixelParameters((6, 6), iterations=3, scale=0.3)
    assert (read.recipe.channels, read.network.config.layers, read.pixel_size) == (2, 1, (0.5, 0.25))
    assert (read.class_names, read.fitted) == (("ground", "grass", "water"), {"epochs": 7.0})
    graph = graph_of(segment(blobs(channels=2), grid_of((60, 70)), read.recipe), read.recipe)
    assert np.allclose(read.class_probabilities(graph).sum(axis=1), 1)


def test_a_model_of_the_format_before_that_is_written_again_is_one_of_this_format(tmp_path):
    read = open_model(FORMAT_1)
    again = open_model(write_model(read, tmp_path / "model.safetensors"))
    assert again.fingerprint() == read.fingerprint()
    assert parts_of(tmp_path / "model.safetensors")[0]["format"] == 3


def test_a_model_without_a_pixel_size_comes_back_without_one(tmp_path):
    assert open_model(write_model(untrained_model(), tmp_path / "model.safetensors")).pixel_size is None


def test_a_model_is_read_by_another_process(written):
    code = "import sys, terrazzo; print(terrazzo.open_model(sys.argv[1]).fingerprint())"
    other = subprocess.run([sys.executable, "-c", code, str(written)], check=True, capture_output=True, text=True)
    assert other.stdout.strip() == open_model(written).fingerprint()


def test_the_file_is_a_json_header_and_numbers_and_no_pickle(written):
    content = written.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata = json.loads(header.pop("__metadata__")["terrazzo"])
    assert metadata["class_names"] == ["ground", "grass", "water"]
    assert {entry["dtype"] for entry in header.values()} == {"F32"}
    assert max(entry["data_offsets"][1] for entry in header.values()) == len(content) - 8 - length
    with pytest.raises(ValueError, match=r"opcode|pickle|codec"):
        list(pickletools.genops(content))


def test_nothing_else_is_left_beside_a_model_which_may_be_read_by_whoever_reads_other_files(written):
    assert list(written.parent.iterdir()) == [written]
    other = written.with_name("other")
    other.touch()
    assert written.stat().st_mode == other.stat().st_mode


def test_folders_on_the_way_are_made(tmp_path):
    assert write_model(untrained_model(), tmp_path / "a" / "b" / "model.safetensors").is_file()


def test_a_model_that_is_there_is_kept_unless_it_may_be_replaced(written):
    before = written.read_bytes()
    with pytest.raises(InputError, match="exists; choose another path or add --overwrite"):
        write_model(untrained_model(seed=1), written)
    assert written.read_bytes() == before
    write_model(untrained_model(seed=1), written, overwrite=True)
    assert open_model(written).fingerprint() == untrained_model(seed=1).fingerprint()


def test_a_model_that_cannot_be_written_is_an_input_error_and_one_that_was_fitted_is_kept(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    path, spare = tmp_path / "file" / "model.safetensors", tmp_path / "spare"
    spare.mkdir()
    refused = "the model cannot be written to '.*': File exists; choose another path"
    with pytest.raises(InputError, match=f"{refused}$"):
        write_model(untrained_model(), path)
    monkeypatch.setattr(tempfile, "tempdir", str(spare))
    with pytest.raises(InputError, match=f"{refused}; the fitted model is kept at '(.*)', from where") as found:
        write_fitted(untrained_model(), path)
    (kept,) = spare.rglob("model.safetensors")
    assert f"'{kept}'" in str(found.value)
    assert open_model(kept).fingerprint() == untrained_model().fingerprint()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    with pytest.raises(InputError, match=f"{refused}, and fit it again: it could not be kept"):
        write_fitted(untrained_model(), path)


def test_a_missing_model_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match=r"there is no model at '.*none\.safetensors'; make one with terrazzo fit"):
        open_model(tmp_path / "none.safetensors")


def test_a_model_that_two_write_at_once_is_whole_for_both_and_for_who_reads(tmp_path, monkeypatch):
    path, replace_file = tmp_path / "model.safetensors", Path.replace
    first, second = (untrained_model(fitted={"epochs": number}) for number in (1.0, 2.0))

    def replace_after_another(partial, target):
        monkeypatch.setattr(Path, "replace", replace_file)
        write_model(second, path)
        assert open_model(path).fitted == second.fitted
        return replace_file(partial, target)

    monkeypatch.setattr(Path, "replace", replace_after_another)
    write_model(first, path)
    assert open_model(path).fitted == first.fitted
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"no safetensors file", b"\x80\x04]\x94.", b"\xff" * 64])
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="is no whole safetensors file"):
        open_model(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_model_is_refused(written, share):
    content = written.read_bytes()
    written.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match="is no whole safetensors file"):
        open_model(written)


def test_the_weights_of_others_are_refused(tmp_path):
    save_file({"weight": np.zeros(3, np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="was not written by terrazzo"):
        open_model(tmp_path / "other.safetensors")


def test_a_newer_format_is_refused_with_both_versions(written):
    header, _ = parts_of(written)
    rewrite(written, header | {"format": 99, "version": "42.0"})
    with pytest.raises(ModelError, match=r"terrazzo 42\.0 in format 99; this version, .*, reads up to format 3"):
        open_model(written)


def test_an_edited_weight_is_noticed(written):
    content = bytearray(written.read_bytes())
    content[-5] ^= 0x01
    written.write_bytes(content)
    with pytest.raises(ModelError, match="was changed after it was written; fit the model again"):
        open_model(written)


def test_every_entry_of_the_header_is_sealed(written):
    header, _ = parts_of(written)
    for name in header.keys() - {"sha256"}:
        rewrite(written, header | {name: ["another"]}, sealed=False)
        with pytest.raises(ModelError):
            open_model(written)
    edits = [{"colours": ["#000000"] * 3}, {"pixel_size": [1.0, 1.0]}, {"fitted": {"epochs": 8.0}}, {"more": 1}]
    edits += [{"class_names": ["a", "b", "c"]}, {"superpixels": header["superpixels"] | {"size": [9, 9]}}]
    for edit in [*edits, {"format": 2, "colours": ["#000000"] * 3}]:
        rewrite(written, header | edit, sealed=False)
        with pytest.raises(ModelError, match="was changed after it was written; fit the model again"):
            open_model(written)
    rewrite(written, header, sealed=False)
    assert open_model(written).colours == untrained_model().colours


def test_a_tensor_that_was_added_is_noticed(written):
    _, tensors = parts_of(written)
    rewrite(written, tensors=tensors | {"more": np.zeros(2, np.float32)}, sealed=False)
    with pytest.raises(ModelError, match="was changed after it was written"):
        open_model(written)


def test_a_file_without_a_seal_of_the_format_before_is_checked_by_its_fingerprint(written):
    header, _ = parts_of(written)
    del header["sha256"]
    rewrite(written, header | {"format": 2}, sealed=False)
    assert open_model(written).fingerprint() == header["fingerprint"]
    rewrite(written, header | {"format": 2, "class_names": ["a", "b", "c"]}, sealed=False)
    with pytest.raises(ModelError, match="was changed after it was written"):
        open_model(written)
    rewrite(written, header, sealed=False)
    with pytest.raises(ModelError, match="was changed after it was written"):
        open_model(written)


@pytest.mark.parametrize(
    ("entry", "value"), [("layers", 10**9), ("layers", -1), ("width", 2**40), ("classes", 2**40), ("heads", 0)]
)
def test_a_network_of_any_size_takes_no_more_than_the_files_weights(written, entry, value):
    header, _ = parts_of(written)
    header["network"][entry] = value
    rewrite(written, header)
    with pytest.raises(ModelError):
        open_model(written)


def test_more_channels_than_columns_are_refused_before_columns_are_named(written):
    header, _ = parts_of(written)
    rewrite(written, header | {"channels": 10**12})
    with pytest.raises(ModelError, match="does not fit its weights"):
        open_model(written)


@pytest.mark.parametrize("key", ["format", "network", "superpixels", "statistics", "class_names", "channels"])
def test_a_header_without_one_of_its_entries_is_refused(written, key):
    header, _ = parts_of(written)
    del header[key]
    rewrite(written, header)
    with pytest.raises(ModelError, match="does not fit its weights"):
        open_model(written)


def test_a_network_that_does_not_fit_its_weights_is_refused(written):
    header, _ = parts_of(written)
    header["network"]["width"] = 32
    rewrite(written, header)
    with pytest.raises(ModelError, match="does not fit its weights"):
        open_model(written)


def test_a_missing_tensor_is_refused(written):
    _, tensors = parts_of(written)
    del tensors["scaling.node_mean"]
    rewrite(written, tensors=tensors)
    with pytest.raises(ModelError, match="does not fit its weights"):
        open_model(written)


OWN = Statistic("own", ("own",), lambda regions: np.zeros((regions.area.size, 1), np.float32))


def test_a_model_with_a_statistic_of_ones_own_is_read_with_it(tmp_path):
    features = (AREA, OWN)
    path = write_model(untrained_model(small_recipe(features=features)), tmp_path / "model.safetensors")
    assert open_model(path, features=features).recipe.features == features
    with pytest.raises(ValueError, match="there is no statistic 'own' in this version of terrazzo; pass your own"):
        open_model(path)


def test_other_features_than_those_it_was_fitted_on_are_refused(written):
    with pytest.raises(ModelError, match="the model was fitted on other features"):
        open_model(written, features=(AREA,))
