from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from forests import random_forest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from textures import NAMES, striped

import terrazzo as tz
from terrazzo.blocks import Box
from terrazzo.errors import ModelError
from terrazzo.kernels.classes.forest import forest_probabilities
from terrazzo.models.forest.trees import ARRAYS, Trees
from terrazzo.regions.statistics.filter_bank import BANKS, EIGEN_BANK, SCALE_BANK, responses_at


def lazy(array, chunks=50):
    return da.from_array(array, chunks=chunks)


@pytest.fixture(scope="module")
def forest():
    drawn = [striped(side=96, seed=seed) for seed in range(4)]
    quick = tz.ForestTraining(validation=(3,), samples=2000, trees=20)
    return tz.fit_forest(*(list(side) for side in zip(*drawn, strict=True)), class_names=NAMES, training=quick)


@given(st.integers(0, 2**32))
@settings(max_examples=10)
def test_the_trees_say_what_scikit_learn_says(seed):
    rng = np.random.default_rng(seed)
    features, classes = rng.standard_normal((200, 5)).astype(np.float32), rng.choice([0, 2], 200)
    theirs = RandomForestClassifier(7, random_state=0).fit(features, classes)
    for tree in theirs.estimators_:
        tree.classes_ = theirs.classes_
    ours = Trees.of(theirs.estimators_, 3)
    unseen = rng.standard_normal((100, 5)).astype(np.float32)
    tables = (getattr(ours, name) for name in ARRAYS)
    found = forest_probabilities(np.ascontiguousarray(unseen.T), *tables)
    assert np.allclose(found[:, [0, 2]], theirs.predict_proba(unseen), atol=1e-6)
    assert not found[:, 1].any()


@given(st.data())
@settings(max_examples=10)
def test_blocks_and_chunks_never_change_a_class(forest, data):
    image, _ = striped(side=150, seed=9)
    whole = tz.predict(forest, lazy(image[None], chunks=-1), block=512).compute()
    chunks, block = data.draw(st.integers(20, 150)), data.draw(st.sampled_from([17, 40, 64, 150]))
    assert np.array_equal(tz.predict(forest, lazy(image[None], chunks=chunks), block=block).compute(), whole)


def test_a_volume_is_predicted_section_by_section(forest):
    sections = np.stack([striped(side=96, seed=seed)[0] for seed in (7, 8)])
    found = tz.predict(replace(forest, image_axes=3), lazy(sections[None])).compute()
    alone = [tz.predict(forest, lazy(section[None])).compute() for section in sections]
    assert np.array_equal(found, alone)


def test_a_result_on_disk_holds_classes_and_probabilities_that_agree(forest, tmp_path):
    image, _ = striped(side=150, seed=9)
    mask = np.indices(image.shape)[1] > 20
    tz.write_ome_zarr(tmp_path / "image.zarr", image, axes="yx")
    stored = tz.open_image(tmp_path / "image.zarr")
    result = tz.write_prediction(forest, stored, tmp_path / "r.zarr", mask=mask, block=64, probabilities=True)
    everywhere = (slice(None), slice(None))
    classes = result.read_classes(everywhere)
    assert np.array_equal(classes, tz.predict(forest, stored, mask=mask).compute())
    assert (classes[~mask] == 255).all()
    planes = result.arrays("probabilities").read((slice(None), *everywhere))
    assert not planes[:, ~mask].any()
    sure = mask & (planes.max(axis=0) > 135)
    assert np.array_equal(planes.argmax(axis=0)[sure], classes[sure])


def test_a_forest_on_disk_is_the_same(forest, tmp_path):
    read = tz.open_model(tz.write_model(forest, tmp_path / "forest.safetensors"))
    assert (read.class_names, read.colours, read.fitted) == (NAMES, forest.colours, forest.fitted)
    assert read.fingerprint() == forest.fingerprint()
    image = striped(side=96, seed=3)[0]
    assert np.array_equal(*(tz.predict(one, image).compute() for one in (forest, read)))


@pytest.mark.parametrize("bank", BANKS, ids=lambda bank: bank.name)
def test_a_forest_reads_the_responses_of_its_bank(bank, tmp_path):
    forest, image = random_forest(bank=bank, seed=3), striped(side=90, seed=4)[0]
    box = Box((0, 0), image.shape)
    places = tuple(place.ravel() for place in np.indices(image.shape))
    responses = responses_at(bank, image[None].astype(np.float32), box, places)
    expected = forest_probabilities(responses, *(getattr(forest.trees, name) for name in ARRAYS)).argmax(axis=1)
    assert len(np.unique(expected)) > 1
    read = tz.open_model(tz.write_model(forest, tmp_path / "forest.safetensors"))
    assert read.bank is bank
    for block in (32, 90):
        assert np.array_equal(tz.predict(read, lazy(image[None]), block=block).compute().ravel(), expected)


def test_a_bank_that_nobody_knows_is_refused(forest):
    header = {"class_names": NAMES, "colours": forest.colours, "pixel_size": None, "fitted": {}, **forest.header()}
    assert tz.ForestModel.restored(header, forest.tensors()).bank is forest.bank
    with pytest.raises(ModelError, match="there is no bank of filter responses 'gabor'"):
        tz.ForestModel.restored(header | {"bank": "gabor"}, forest.tensors())


def test_the_header_of_the_first_bank_is_that_of_files_without_banks():
    assert random_forest(bank=SCALE_BANK).header() == {"channels": 1, "axes": 2}
    assert random_forest(bank=EIGEN_BANK).header()["bank"] == EIGEN_BANK.name


def test_other_channels_and_axes_are_refused(forest):
    with pytest.raises(ModelError, match="the image has 2 channels and the model was fitted on 1"):
        tz.predict(forest, np.zeros((2, 40, 40)))
    with pytest.raises(ModelError, match="give an image with the same axes"):
        tz.predict(forest, np.zeros((1, 4, 40, 40)))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("left", 10**6, "a child outside its tree"),
        ("right", 0, "a child outside its tree"),
        ("column", 500, "ask for responses that images of 1 channels do not have"),
        ("roots", 10**6, "the roots of a forest's trees are not in order"),
    ],
)
def test_trees_that_a_walk_would_leave_are_refused(forest, name, value, message):
    array = getattr(forest.trees, name).copy()
    array[-1 if name == "roots" else np.flatnonzero(forest.trees.left >= 0)[0]] = value
    with pytest.raises(ModelError, match=message):
        replace(forest, trees=replace(forest.trees, **{name: array}))
