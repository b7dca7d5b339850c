import numpy as np
import pytest
from forests import random_forest
from segmented import blobs, small_recipe
from thresholds import Threshold
from unets import random_unet
from untrained import untrained_lattice, untrained_model

import terrazzo as tz
from terrazzo.blockwise.runs import count_confidence as module
from terrazzo.blockwise.runs.count_confidence import count_confidence

MODELS = {
    "lattice": lambda: untrained_lattice(small_recipe(), settings={"sure": 0.6}),
    "gnn": untrained_model,
    "forest": random_forest,
    "unet": random_unet,
}


@pytest.fixture
def stored(tmp_path):
    truth = np.random.default_rng(0).choice([0, 1, 2, 255], (60, 70)).astype(np.uint8)
    tz.write_ome_zarr(tmp_path / "image.zarr", blobs((60, 70)), chunks=(30, 40))
    tz.write_ome_zarr(tmp_path / "truth.zarr", truth, axes="yx")
    return tz.open_image(tmp_path / "image.zarr"), tz.open_labels(tmp_path / "truth.zarr")


@pytest.mark.parametrize("kind", MODELS)
def test_it_is_what_a_result_with_probabilities_is_scored_by(kind, stored, tmp_path):
    model, (image, truth) = MODELS[kind](), stored
    expected = tz.score(
        tz.write_prediction(model, image, tmp_path / "sure.zarr", block=24, probabilities=True), truth
    ).confidence
    plain = tz.write_prediction(model, image, tmp_path / "plain.zarr", block=24)
    assert np.array_equal(count_confidence(model, image, truth, plain, device="cpu"), expected)
    if kind in ("forest", "unet"):
        assert np.array_equal(count_confidence(model, image, truth, device="cpu"), expected)


def test_a_model_without_probabilities_has_none(stored):
    assert count_confidence(Threshold(2.0, 100.0), *stored, device="cpu") is None


def test_of_a_large_image_some_blocks_are_looked_at(stored, tmp_path, monkeypatch):
    model, (image, truth) = untrained_lattice(small_recipe()), stored
    plain = tz.write_prediction(model, image, tmp_path / "plain.zarr", block=24)
    whole = count_confidence(model, image, truth, plain, device="cpu")
    monkeypatch.setattr(module, "MOST_PIXELS", 60 * 70 // 3)
    some = count_confidence(model, image, truth, plain, device="cpu")
    assert 0 < some.sum() < whole.sum() / 2
    assert (some <= whole).all()


def test_an_uncalibrated_model_is_the_same_but_for_its_temperatures():
    for model in (untrained_model(temperature=2.0), untrained_lattice(), random_forest()):
        plain = model.uncalibrated()
        assert plain.uncalibrated().fingerprint() == plain.fingerprint()
        assert (plain.fingerprint() == model.fingerprint()) is (getattr(model, "temperature", 1.0) == 1.0)
