"""A kind of model is added in one file: everything that runs models runs it, and nothing else knows of it."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
from scipy import ndimage
from segmented import blobs
from thresholds import Threshold

import terrazzo as tz
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.errors import ModelError
from terrazzo.io.describe import describe

TESTS = Path(__file__).parents[1]
SOURCE = TESTS.parent / "src" / "terrazzo"
IMAGE = (200 * blobs((130, 170))).clip(0, 255).astype(np.uint8)
MODEL = Threshold(2.0, 100.0)
EXPECTED = (ndimage.gaussian_filter(IMAGE[0].astype(np.float64), 2.0, mode="nearest") > 100).astype(np.uint8)
EVERYWHERE = (slice(None), slice(None))


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("another kind")
    tz.write_ome_zarr(folder / "image.zarr", IMAGE, chunks=(60, 50))
    return folder / "image.zarr", tz.write_model(MODEL, folder / "model.safetensors")


def apart(what, *arguments):
    command = [sys.executable, TESTS / "run_threshold.py", what, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("block", [64, 100, 400])
def test_it_predicts_lazily_the_same_in_any_chunks_and_blocks(block):
    for chunks in (-1, (1, 37, 50)):
        found = tz.predict(MODEL, da.from_array(IMAGE, chunks=chunks), block=block)
        assert np.array_equal(found.compute(), EXPECTED)
    assert 0.1 < EXPECTED.mean() < 0.9


def test_outside_a_mask_it_gives_no_class():
    mask = np.indices(EXPECTED.shape)[1] < 60
    found = tz.predict(MODEL, IMAGE, mask=mask, block=64).compute()
    assert np.array_equal(found, np.where(mask, EXPECTED, 255))


def test_a_file_of_it_opens_as_what_was_written(paths):
    opened = tz.open_model(paths[1])
    assert isinstance(opened, Threshold)
    assert (opened.sigma, opened.threshold, opened.class_names) == (2.0, 100.0, ("dark", "bright"))
    assert opened.fingerprint() == MODEL.fingerprint()
    assert repr(opened) == "<terrazzo.Threshold: classes dark, bright>"


def test_a_file_of_a_kind_that_nobody_registered_is_refused_and_nothing_is_imported(paths):
    probe = f"import sys, terrazzo as tz\ntry: tz.open_model({str(paths[1])!r})\nexcept tz.TerrazzoError as e: print(e)"
    said = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    known = "ensemble, forest, gnn, lattice, nested, unet"
    assert f"there is no kind of model 'threshold'; this terrazzo knows {known}" in said


def test_it_is_planned_within_twice_what_its_task_takes(paths, tmp_path):
    large = np.tile(IMAGE, (1, 16, 12))
    tz.write_ome_zarr(tmp_path / "large.zarr", large, chunks=(512, 512))
    planned = tz.plan(tz.open_image(tmp_path / "large.zarr"), MODEL, block=2048, workers=1, threads=1)
    assert planned.tasks == planned.blocks + 1
    assert set(planned.disk) == {"classes"}
    done = apart("peak", tmp_path / "large.zarr", paths[1], tmp_path / "result.zarr", 2048)
    assert done.returncode == 0, done.stderr
    measured, projected = json.loads(done.stdout)
    assert measured <= projected <= 2 * measured, done.stdout
    assert planned.memory_per_worker > projected


def test_killed_it_goes_on_where_it_stopped_on_a_cluster_too(paths, tmp_path):
    image, result = tz.open_image(paths[0]), tmp_path / "result.zarr"
    assert apart("kill", paths[0], paths[1], result, 64).returncode == -signal.SIGKILL
    done = len(tz.open_result(result).finished("cut"))
    assert done >= 3
    steps = []
    with cluster_client(workers=1), tz.on_progress(steps.append):
        finished = tz.write_prediction(MODEL, image, result, block=64)
    assert steps[0].done == done
    assert np.array_equal(finished.read_classes(EVERYWHERE), EXPECTED)
    assert finished.run["finished"]
    with pytest.raises(tz.TerrazzoError, match="the model has changed"):
        tz.write_prediction(Threshold(2.0, 90.0), image, result, block=64)


def test_its_result_is_scored_and_described(paths, tmp_path):
    result = tz.write_prediction(MODEL, tz.open_image(paths[0]), tmp_path / "result.zarr", block=64)
    tz.write_ome_zarr(tmp_path / "truth.zarr", EXPECTED, axes="yx")
    scores = tz.score(result, tz.open_labels(tmp_path / "truth.zarr"))
    assert scores.accuracy == 1
    assert scores.best is None
    assert describe(result.path)["finished_blocks"] == {"cut": len(result.grid)}
    told = describe(paths[1])
    assert (told["kind"], told["sigma"], told["threshold"]) == ("model", 2.0, 100.0)
    assert told["classes"] == {"dark": "#000000", "bright": "#ffffff"}


def test_what_it_does_not_give_is_refused(paths, tmp_path):
    image = tz.open_image(paths[0])
    with pytest.raises(tz.TerrazzoError, match="a threshold writes no image of probabilities"):
        tz.write_prediction(MODEL, image, tmp_path / "result.zarr", probabilities=True)
    with pytest.raises(ModelError, match="the image has 2 channels and the model was fitted on 1"):
        tz.predict(MODEL, np.zeros((2, 40, 40)))


KIND = re.compile(r"terrazzo\.models\.(gnn|lattice|unet|forest|nested)\b")


@pytest.mark.parametrize("floor", ["blockwise", "io", "cli"])
def test_no_module_of_a_floor_that_runs_models_imports_a_kind_or_asks_which_it_is(floor):
    allowed = re.compile(r"terrazzo\.models\.(gnn|lattice|unet|forest|nested)\.settings\b")
    for file in sorted((SOURCE / floor).rglob("*.py")):
        text = allowed.sub("", file.read_text())
        assert not KIND.search(text), file
        assert not re.search(r"isinstance\([^)]*\b(Model|UNetModel|ForestModel|NestedModel)\b", text), file
