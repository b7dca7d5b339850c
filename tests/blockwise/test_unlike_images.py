"""An image that is unlike what a model was fitted on is told in one line, wherever its prediction goes."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
from forests import random_forest
from hypothesis import given, settings
from hypothesis import strategies as st
from segmented import blobs, graph_of, grid_of, segment, small_recipe
from strategies import chunkings
from thresholds import Threshold
from unets import random_unet
from untrained import untrained_lattice, untrained_model

import terrazzo as tz
from terrazzo.blocks import Box
from terrazzo.blockwise.inputs.estimates import INTENSITIES, estimated, lazy_estimate
from terrazzo.blockwise.inputs.masks import checked_mask
from terrazzo.errors import ModelError
from terrazzo.io.describe import describe
from terrazzo.models.lattice.cell_rows import cell_rows
from terrazzo.regions.graphs.row_spread import RowSpread
from terrazzo.regions.intensities.distribution import Distribution

IMAGE = (200 * blobs((130, 170))).clip(0, 255).astype(np.uint8)
BRIGHT = IMAGE.astype(np.uint16) * np.uint16(16)


def intensities(image, mask=None):
    return lazy_estimate(INTENSITIES, da.asarray(image), checked_mask(mask, image.shape[1:])).compute()


SEEN = Distribution.of([intensities(IMAGE)])
MODELS = {"gnn": untrained_model, "unet": random_unet, "forest": random_forest}


def seeing(kind, **others):
    return replace(MODELS[kind](**others), seen=SEEN)


def stored(folder, pixels):
    tz.write_ome_zarr(folder / "image.zarr", pixels, chunks=(60, 50))
    return tz.open_image(folder / "image.zarr")


@settings(max_examples=5)
@given(st.sampled_from([(1, 300, 420), (2, 25, 60, 50)]), st.data())
def test_the_estimate_does_not_depend_on_chunks(shape, data):
    image = np.random.default_rng(0).integers(0, 4000, shape).astype(np.uint16)
    mask = np.random.default_rng(1).random(shape[1:]) < 0.7
    chunked = da.from_array(image, chunks=data.draw(chunkings(shape)))
    found, whole = intensities(chunked, da.from_array(mask, chunks=17)), intensities(image, mask)
    assert np.array_equal(found.levels, whole.levels)
    assert found.dtype == whole.dtype == "uint16"
    assert not np.array_equal(whole.levels, intensities(image).levels)


def test_what_is_estimated_together_reads_the_image_once(caplog):  # noqa: ARG001
    read = []
    image = da.from_array(IMAGE, chunks=-1).map_blocks(lambda chunk: read.append(1) or chunk, meta=np.empty((0,) * 3))
    read.clear()
    found = estimated({"one": INTENSITIES, "other": replace(INTENSITIES, combined=len)}, image)
    assert found["other"] == 1
    assert len(read) == 1


@pytest.mark.parametrize("kind", MODELS)
def test_a_file_remembers_it_and_its_fingerprint_does_not(kind, tmp_path):
    model = seeing(kind)
    opened = tz.open_model(tz.write_model(model, tmp_path / "model.safetensors"))
    assert opened.seen == SEEN
    assert model.fingerprint() == opened.fingerprint() == MODELS[kind]().fingerprint()
    assert describe(tmp_path / "model.safetensors")["fitted_on"] == SEEN.text()
    without = tz.open_model(tz.write_model(MODELS[kind](), tmp_path / "without.safetensors"))
    assert without.seen is None
    assert "Fitted on" in model._repr_html_()
    assert "Fitted on" not in without._repr_html_()


def test_a_file_that_has_seen_other_channels_than_it_reads_is_refused(tmp_path):
    path = tz.write_model(replace(random_forest(channels=2), seen=SEEN), tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match="it has seen 1 channels and reads 2"):
        tz.open_model(path)


@pytest.mark.parametrize("kind", MODELS)
def test_another_depth_of_bits_is_told_once_and_stays_with_the_result(kind, tmp_path, caplog):
    image = stored(tmp_path, BRIGHT)
    result = tz.write_prediction(seeing(kind), image, tmp_path / "result.zarr", block=48)
    (said,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said == (
        f"'{image.path}' is unlike the images that the model was fitted on: its intensities are about 16 times theirs, "
        "as of 12 bits in place of 8; divide it by 16, or fit a model on such images"
    )
    assert result.run["notes"] == describe(result.path)["notes"] == [said]
    assert "12 bits in place of 8" in result._repr_html_()
    caplog.clear()
    tz.write_prediction(seeing(kind), image, tmp_path / "result.zarr", block=48)
    assert not caplog.records


@pytest.mark.parametrize("kind", MODELS)
def test_an_image_like_those_seen_is_not_told(kind, tmp_path, caplog):
    result = tz.write_prediction(seeing(kind), stored(tmp_path, IMAGE // 2), tmp_path / "result.zarr", block=48)
    assert result.run["notes"] == []
    assert not [record for record in caplog.records if record.levelno == logging.WARNING]


def test_a_run_that_goes_on_tells_it_again(tmp_path, caplog):
    image, model = stored(tmp_path, BRIGHT), seeing("forest")
    result = tz.write_prediction(model, image, tmp_path / "result.zarr", block=48)
    said = result.run["notes"]
    path = Path(result.path) / "run.json"
    path.write_text(json.dumps({**result.run, "finished": False}))
    caplog.clear()
    assert tz.write_prediction(model, image, tmp_path / "result.zarr", block=48).run["notes"] == said
    assert [record.getMessage() for record in caplog.records] == said


def test_only_what_is_inside_the_mask_counts(tmp_path, caplog):
    half = np.where(np.indices(IMAGE.shape)[2] < 85, IMAGE.astype(np.uint16), 60_000).astype(np.uint16)
    inside = np.indices(IMAGE.shape[1:])[1] < 85
    image, model = stored(tmp_path, half), replace(random_forest(), seen=Distribution.of([intensities(IMAGE)]))
    assert not tz.write_prediction(model, image, tmp_path / "masked.zarr", mask=inside, block=48).run["notes"]
    assert not caplog.records
    assert tz.write_prediction(model, image, tmp_path / "whole.zarr", block=48).run["notes"]


def test_a_model_that_remembers_nothing_reads_no_window_for_it(tmp_path, monkeypatch):
    def refuse(*_):
        raise AssertionError("compared")

    monkeypatch.setattr("terrazzo.blockwise.runs.write_prediction.INTENSITIES", replace(INTENSITIES, measured=refuse))
    model = Threshold(2.0, 100.0)
    assert model.seen is None
    assert tz.write_prediction(model, stored(tmp_path, BRIGHT), tmp_path / "result.zarr").run["notes"] == []


def test_a_model_may_warn_of_what_its_passes_have_counted(tmp_path, caplog):
    class Doubtful(Threshold):
        def notes(self, figures):
            return [f"none of {figures['pixels']} pixels is sure"]

    result = tz.write_prediction(Doubtful(2.0, 100.0), stored(tmp_path, IMAGE), tmp_path / "result.zarr")
    assert result.run["notes"] == [record.getMessage() for record in caplog.records] == ["none of 22100 pixels is sure"]


def spread_of(recipe, image):
    """What a lattice network would remember of an image, and its scaled rows."""
    model = untrained_lattice(recipe)
    grid = grid_of(image.shape[1:], recipe.superpixels.size)
    table = cell_rows([graph_of(segment(image, grid, recipe), recipe)], Box((0, 0), grid.lattice.cells), grid.lattice)
    rows = model.scales.rows(table.rows[table.present])
    return RowSpread.of(lambda: [rows]), rows


def test_superpixels_that_are_unlike_those_of_the_fit_are_counted_in_any_blocks_and_said(tmp_path, caplog):
    recipe, image = small_recipe(), blobs((60, 70))
    spread, rows = spread_of(recipe, image)
    model = replace(untrained_lattice(recipe), spread=spread)
    noisy = image + np.random.default_rng(0).normal(0, 0.5, image.shape).astype(np.float32)
    noisy[:, :20] = image[:, :20]
    _, others = spread_of(recipe, noisy)
    expected = int((spread.distances(others) > spread.farthest).sum())
    assert 0.4 * len(others) < expected < len(others)
    for name, pixels, unlike in (("same", image, spread.beyond(rows)), ("noisy", noisy, expected)):
        (tmp_path / name).mkdir()
        stored_image = stored(tmp_path / name, pixels)
        for block in (24, 36, 96):
            caplog.clear()
            path = tmp_path / name / f"{block}.zarr"
            result = tz.write_prediction(model, stored_image, path, block=block)
            assert result.run["figures"]["unlike_superpixels"] == unlike
            assert describe(path)["figures"]["unlike_superpixels"] == unlike
            said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
            assert said == result.run["notes"] == describe(path).get("notes", [])
            assert len(said) == (name == "noisy")
    assert said[0].startswith(f"{expected / len(others):.0%} of the superpixels are unlike those that the model was")


def test_only_superpixels_inside_a_mask_are_counted(tmp_path):
    recipe, image = small_recipe(), blobs((60, 70))
    model = replace(untrained_lattice(recipe), spread=RowSpread(np.zeros(22), np.ones(22), 0.0))
    mask = np.zeros((60, 70), bool)
    mask[:30, :30] = True
    result = tz.write_prediction(model, stored(tmp_path, image), tmp_path / "result.zarr", mask=mask, block=24)
    figures = result.run["figures"]
    assert 0 < figures["unlike_superpixels"] == figures["superpixels"] < 70


def test_more_has_to_be_unlike_where_few_images_were_seen():
    few, many = (replace(SEEN, images=number) for number in (1, 30))
    counted = {"superpixels": 100, "unlike_superpixels": 20}
    model = untrained_lattice()
    assert [bool(replace(model, seen=seen).notes(counted)) for seen in (None, few, many)] == [False, False, True]
    assert not replace(model, seen=many).notes(counted | {"unlike_superpixels": 10})
    assert not replace(model, seen=many).notes({"superpixels": 100})


def test_lazily_only_another_type_is_told_and_nothing_is_computed(nothing_computes, caplog):  # noqa: ARG001
    model = seeing("forest")
    tz.predict(model, da.from_array(IMAGE, chunks=50))
    assert not caplog.records
    tz.predict(model, da.from_array(BRIGHT, chunks=50))
    (record,) = caplog.records
    assert record.getMessage().startswith("the image is uint16, but the model was fitted on uint8; make sure that ")


def test_channels_that_have_changed_places_are_told_by_their_names(tmp_path, caplog):
    pixels = np.concatenate([IMAGE, 255 - IMAGE])
    for name, order in (("fit", (0, 1)), ("same", (0, 1)), ("turned", (1, 0))):
        names = [("DAPI", "FITC")[channel] for channel in order]
        tz.write_ome_zarr(tmp_path / f"{name}.zarr", pixels[list(order)], channel_names=names)
    fit, same, turned = (tz.open_image(tmp_path / f"{name}.zarr") for name in ("fit", "same", "turned"))
    truth = (IMAGE[0] > 100).astype(np.uint8)
    fitted = tz.fit_forest([fit], [truth], training=tz.ForestTraining(samples=200, trees=3))
    assert fitted.seen.names == ("DAPI", "FITC")
    model = tz.open_model(tz.write_model(fitted, tmp_path / "model.safetensors"))
    assert tz.write_prediction(model, same, tmp_path / "a.zarr").run["notes"] == []
    told = (
        f"'{turned.path}' has the channels FITC, DAPI, in another order (DAPI, FITC) than the images of the fit; write "
        "it in their order"
    )
    assert told in tz.write_prediction(model, turned, tmp_path / "b.zarr").run["notes"]
    caplog.clear()
    tz.predict(model, turned)
    assert told in [record.getMessage() for record in caplog.records]
    caplog.clear()
    tz.fit_forest([fit, turned], [truth, truth], training=tz.ForestTraining(samples=200, trees=3))
    assert (
        f"'{turned.path}' has the channels FITC, DAPI, in another order (DAPI, FITC) than the first image"
        in caplog.text
    )
