"""An ensemble in blocks against its members on the whole image, each by itself."""

from dataclasses import replace
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from forests import random_forest
from segmented import blobs, small_recipe
from thresholds import Threshold
from unets import random_unet
from untrained import untrained_lattice, untrained_model

import terrazzo as tz
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.errors import ModelError

SHAPE = (70, 85)
IMAGE = blobs(SHAPE)
MASK = np.indices(SHAPE)[1] < 50
EVERYWHERE, ALL_PLANES = (slice(None),) * 2, (slice(None),) * 3


def small_forest(axes=2, seed=2):
    """A forest whose thresholds are among the intensities of `blobs`."""
    forest = random_forest(axes=axes, seed=seed)
    return replace(forest, trees=replace(forest.trees, threshold=forest.trees.threshold / 200))


# two on the same superpixels, one on others; a U-Net and a forest, whose blocks are of other cells
MEMBERS = (
    untrained_model(),
    untrained_lattice(small_recipe()),
    random_unet(seed=1),
    small_forest(),
    untrained_lattice(small_recipe(size=(8, 8)), seed=5),
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("ensemble") / "image.zarr"
    tz.write_ome_zarr(path, IMAGE, chunks=(30, 40))
    return tz.open_image(path)


@pytest.fixture(scope="module")
def said(stored, tmp_path_factory):
    """What each member says of the image, in one block of its own: classes, and probabilities in 255ths."""
    folder = tmp_path_factory.mktemp("said")
    return [
        (one.read_classes(EVERYWHERE), one.arrays("probabilities").read(ALL_PLANES))
        for one in (
            tz.write_prediction(member, stored, folder / f"{k}.zarr", block=400, probabilities=True)
            for k, member in enumerate(MEMBERS)
        )
    ]


@pytest.mark.parametrize("vote", [False, True])
def test_in_blocks_on_disk_and_lazily_it_is_what_its_members_say_of_the_whole_image(vote, stored, said, tmp_path):
    ensemble = tz.Ensemble(MEMBERS, vote=vote)
    result = tz.write_prediction(ensemble, stored, tmp_path / "r.zarr", block=24, probabilities=True)
    found = result.read_classes(EVERYWHERE)
    assert len(result.grid) > 1
    for chunks in (-1, (1, 37, 50)):
        lazy = tz.predict(ensemble, da.from_array(IMAGE, chunks=chunks), block=24)
        assert np.array_equal(lazy.compute(), found)
    votes = sum((classes == np.arange(3)[:, None, None]).astype(int) for classes, _ in said)
    shares = 255 * votes / len(MEMBERS) if vote else np.mean([planes for _, planes in said], axis=0)
    # blocks move logits by rounding, which may move a probability by one of 255 steps, and a class on a tie
    assert np.mean(np.abs(result.arrays("probabilities").read(ALL_PLANES) - shares) > 0.5) < 1e-3
    ordered = np.sort(shares, axis=0)
    clear = np.ones(SHAPE, bool) if vote else ordered[-1] - ordered[-2] > 1
    assert np.array_equal(found[clear], shares.argmax(axis=0)[clear])
    assert clear.mean() > 0.9
    assert 0.02 < np.mean(found == 0) < 0.95
    assert ("share of the votes of 5 models" in " ".join(result.run["notes"])) is vote


def test_two_networks_are_the_mean_of_their_logits_as_floats():
    members = random_unet(seed=1), random_unet(seed=2, base=8)
    logits = [torch.from_numpy(member.logits(IMAGE)) for member in members]
    mean = sum(torch.softmax(one, dim=0).numpy() for one in logits) / 2
    found = tz.predict(tz.Ensemble(members), IMAGE, device="cpu", block=32).compute()
    ordered = np.sort(mean, axis=0)
    clear = ordered[-1] - ordered[-2] > 1.1 / 255
    assert np.array_equal(found[clear], mean.argmax(axis=0)[clear])
    assert clear.mean() > 0.9


def test_superpixels_that_members_share_are_made_once_and_others_beside_them():
    ensemble = tz.Ensemble(MEMBERS)
    assert [one.name for one in ensemble.passes()] == ["superpixels", "superpixels-2", "classes"]
    assert [one.name for one in tz.Ensemble(MEMBERS[:2]).passes()] == ["superpixels", "classes"]
    assert [one.name for one in tz.Ensemble(MEMBERS[2:4]).passes()] == ["classes"]
    image = da.from_array(IMAGE, chunks=-1)
    alone, shared = (tz.predict(one, image, block=24) for one in (MEMBERS[0], tz.Ensemble(MEMBERS[:2])))
    keys = {key for one in dask.optimize(alone, shared)[0:2] for key in dict(one.dask)}
    blocks = len(MEMBERS[0].grid(SHAPE, 24))
    labels = [key for key in keys if isinstance(key, tuple) and str(key[0]).startswith("superpixels-")]
    assert len(labels) == blocks > 1


def test_a_window_of_the_image_is_read_once_for_all_members():
    last = tz.Ensemble(MEMBERS).passes()[-1]
    assert sum(hasattr(read, "window") for read in last.reads) == 1
    assert len(last.reads) == len(set(last.reads))


def test_outside_a_mask_it_gives_no_class(stored, tmp_path):
    ensemble = tz.Ensemble(MEMBERS)
    found = tz.predict(ensemble, IMAGE, mask=MASK, block=24).compute()
    assert np.array_equal(found == 255, ~MASK)
    result = tz.write_prediction(ensemble, stored, tmp_path / "r.zarr", mask=MASK, block=24, probabilities=True)
    assert np.array_equal(result.read_classes(EVERYWHERE), found)
    assert not result.arrays("probabilities").read(ALL_PLANES)[:, ~MASK].any()


def test_a_volume_of_other_cells_along_each_axis():
    image, flat = blobs((9, 30, 34)), {"kernels": [(1, 3, 3), 3, 3], "pools": [(1, 2, 2), 2]}
    recipes = small_recipe(size=(3, 6, 6)), small_recipe(size=(2, 8, 8))
    members = (*map(untrained_lattice, recipes), random_unet(axes=3, **flat), small_forest(axes=3))
    ensemble = tz.Ensemble(members)
    found, again = (
        tz.predict(ensemble, da.from_array(image, chunks=chunks), block=4).compute() for chunks in (-1, (1, 4, 20, 34))
    )
    assert np.array_equal(found, again)
    votes = sum(
        (tz.predict(one, image, block=400).compute() == np.arange(3)[:, None, None, None]).astype(int)
        for one in members
    )
    voted = tz.predict(tz.Ensemble(members, vote=True), image, block=4).compute()
    assert np.mean(voted == votes.argmax(axis=0)) > 0.999


def test_on_one_lattice_superpixels_of_the_result_have_the_mean_of_their_probabilities(stored, tmp_path):
    members = MEMBERS[0], untrained_model(seed=7)
    ours, first, second = (
        pq.read_table(Path(tz.write_prediction(one, stored, tmp_path / f"{k}.zarr", block=24).path) / "nodes")
        for k, one in enumerate((tz.Ensemble(members), *members))
    )
    ours_of_each, *others = (np.stack(one["probabilities"].to_numpy()) for one in (ours, first, second))
    assert np.allclose(ours_of_each, sum(others) / 2, atol=1e-6)
    assert np.array_equal(ours["class"], ours_of_each.argmax(axis=1))


def test_interrupted_it_goes_on_where_it_stopped_on_two_workers(stored, tmp_path):
    def stop(step):
        if step.name == "classes" and step.done == 2:
            raise InterruptedError

    ensemble = tz.Ensemble(MEMBERS)
    expected = tz.predict(ensemble, IMAGE, device="cpu", block=24).compute()
    with pytest.raises(InterruptedError), tz.on_progress(stop):
        tz.write_prediction(ensemble, stored, tmp_path / "r.zarr", block=24)
    done = len(tz.open_result(tmp_path / "r.zarr").finished("classes"))
    steps = []
    with cluster_client(workers=2), tz.on_progress(steps.append):
        result = tz.write_prediction(ensemble, stored, tmp_path / "r.zarr", block=24)
    begun = [step for step in steps if step.name == "classes"]
    assert begun[0].done == done >= 2
    assert np.array_equal(result.read_classes(EVERYWHERE), expected)
    assert not list((tmp_path / "r.zarr").rglob("*.safetensors"))
    with pytest.raises(tz.TerrazzoError, match="the model has changed"):
        tz.write_prediction(tz.Ensemble(MEMBERS, vote=True), stored, tmp_path / "r.zarr", block=24)


def test_a_file_of_it_holds_all_members_and_opens_as_what_was_written(stored, tmp_path):
    ensemble = tz.Ensemble(MEMBERS, vote=True, fitted={"mean_iou_of_1": 0.5})
    opened = tz.open_model(tz.write_model(ensemble, tmp_path / "m.safetensors"))
    assert [type(one) for one in opened.members] == [type(one) for one in MEMBERS]
    assert opened.fingerprint() == ensemble.fingerprint() != tz.Ensemble(MEMBERS).fingerprint()
    assert (opened.vote, opened.fitted, opened.class_names) == (True, {"mean_iou_of_1": 0.5}, MEMBERS[0].class_names)
    assert "1 U-Net, 1 random forest; vote" in repr(opened)
    assert [one["kind"] for one in opened.described()["members"]][2:4] == ["U-Net", "random forest"]
    planned = tz.plan(stored, opened, block=24)
    assert planned.tasks == 3 * planned.blocks + 1
    assert planned.disk["rows_meanwhile"] > tz.plan(stored, MEMBERS[1], block=48).disk["rows_meanwhile"]


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        (MEMBERS[:1], "an ensemble has 1 model; give at least two"),
        ((MEMBERS[2], random_unet(classes=2)), "model 2 of the ensemble has the classes ground, grass and model 1"),
        ((MEMBERS[2], random_unet(2)), "has the channels 2 and model 1 1; give models that were fitted on the same"),
        ((MEMBERS[2], random_unet(axes=3)), "has the axes 3 and model 1 2"),
        ((MEMBERS[2], MEMBERS[3], MEMBERS[2]), "models 1 and 3 of the ensemble are the same; give each once"),
        ((tz.Ensemble(MEMBERS[:2]), MEMBERS[2]), "model 1 of the ensemble is an ensemble itself; give its members"),
        ((Threshold(1.0, 0.5), Threshold(2.0, 0.5)), "a threshold gives no probabilities, of which an ensemble takes"),
    ],
)
def test_what_cannot_be_an_ensemble_is_refused(members, sentence):
    with pytest.raises(ModelError, match=sentence):
        tz.Ensemble(members)


def test_models_without_probabilities_may_vote():
    cuts = [Threshold(1.0, threshold) for threshold in (0.3, 0.5, 0.7)]
    found = tz.predict(tz.Ensemble(cuts, vote=True), IMAGE, block=32).compute()
    assert np.array_equal(found, tz.predict(cuts[1], IMAGE).compute())
