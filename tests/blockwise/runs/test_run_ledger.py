import numpy as np
import pytest

import terrazzo as tz
from terrazzo.blockwise.runs import run_ledger
from terrazzo.blockwise.runs.run_ledger import PassLedger
from terrazzo.ledger import Spent, TaskLedger
from terrazzo.models.lattice.model import unfitted_model
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.statistics.features import LATTICE_FEATURES
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters


def task(thread, seconds, cores=(0.0, 0.0), **stages):
    spent = {"read": Spent(seconds, seconds / 2, 7)} | stages
    return TaskLedger(spent, ("here", *thread), cores)


def test_tasks_are_summed_and_what_is_left_of_their_threads_was_waited(monkeypatch):
    now = [10.0]
    monkeypatch.setattr(run_ledger.time, "perf_counter", lambda: now[0])
    ledger = PassLedger()
    now[0] = 14.0
    ledger.add(task((1, 1), 3.0, (5.0, 9.0)))  # began at 11
    ledger.add(task((2, 1), 2.0, (1.0, 2.0), paint=Spent(1.0, 1.0)))  # began at 11
    now[0] = 16.0
    ledger.add(task((1, 1), 1.5, (9.5, 11.0)))
    now[0] = 17.0
    found = ledger.plain()
    assert found["seconds"] == 7
    assert (found["threads"], found["tasks"]) == (2, 3)
    assert found["core_seconds"] == (11 - 5) + (2 - 1)
    assert found["starting"] == 2
    assert found["waiting"] == 2 * 7 - 2 - 7.5
    assert found["stages"]["read"] == {"seconds": 6.5, "core_seconds": 3.25, "bytes": 21}
    assert found["stages"]["paint"] == {"seconds": 1.0, "core_seconds": 1.0, "bytes": 0}


def test_a_pass_without_tasks_has_no_stages():
    found = PassLedger().plain()
    assert (found["threads"], found["stages"], found["waiting"]) == (0, {}, 0)


def test_a_result_keeps_where_its_time_went_and_a_run_that_finds_it_finished_leaves_it(tmp_path):
    pixels = (np.random.default_rng(0).random((96, 96)) * 255).astype(np.uint8)
    tz.write_ome_zarr(tmp_path / "image.zarr", pixels, axes="yx")
    image, model = tz.open_image(tmp_path / "image.zarr"), small_model()
    result = tz.write_prediction(model, image, tmp_path / "result.zarr", block=32, device="cpu")
    ledger = result.run["ledger"]
    blocks = len(result.grid)
    assert {name: entry["tasks"] for name, entry in ledger.items() if name != "levels"} == {
        "superpixels": blocks,
        "classes": blocks,
    }
    made = ledger["superpixels"]["stages"]
    assert {"read pixels", "smooth", "assign", "connect", "number", "edges", "pool", "write images"} <= set(made)
    assert made["write images"]["bytes"] >= pixels.size * 4
    assert {"read rows", "network", "paint", "write tables"} <= set(ledger["classes"]["stages"])
    for entry in ledger.values():
        busy = sum(stage["seconds"] for stage in entry["stages"].values())
        told = busy + entry["starting"] + entry["waiting"]
        assert told == pytest.approx(entry["threads"] * entry["seconds"], rel=0.1, abs=0.1)
    again = tz.write_prediction(model, image, tmp_path / "result.zarr", block=32, device="cpu")
    assert again.run["ledger"] == ledger


def small_model():
    recipe = Recipe(1, SuperpixelParameters(8, scale=50.0), LATTICE_FEATURES)
    return unfitted_model(recipe, settings=LatticeSettings(width=8, levels=1))
