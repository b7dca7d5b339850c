from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from textures import NAMES, striped

import terrazzo as tz
from terrazzo.blockwise.arrays.predict_forest import predict_forest
from terrazzo.errors import InputError, ModelError, ParameterError
from terrazzo.models.forest.pixel_forest import PixelForest, open_forest, write_forest
from terrazzo.training.forest.sampled_pixels import sample_pixels
from terrazzo.training.rules.split_sources import split_sources

QUICK = tz.ForestTraining(validation=(3,), samples=2000, trees=20)


def lazy(array, chunks=50):
    return da.from_array(array, chunks=chunks)


@pytest.fixture(scope="module")
def images():
    drawn = [striped(side=96, seed=seed) for seed in range(4)]
    return [lazy(image[None]) for image, _ in drawn], [lazy(classes) for _, classes in drawn]


def sources_of(images, annotations):
    return split_sources(images, [truth[None] for truth in annotations], 2, validation=(3,))


@pytest.fixture(scope="module")
def forest(images):
    return tz.fit_forest(*images, class_names=NAMES, training=QUICK)


@given(st.integers(0, 2**32))
@settings(max_examples=10)
def test_the_trees_say_what_scikit_learn_says(seed):
    rng = np.random.default_rng(seed)
    features, classes = rng.standard_normal((200, 5)).astype(np.float32), rng.choice([0, 2], 200)
    theirs = RandomForestClassifier(7, random_state=0).fit(features, classes)
    for tree in theirs.estimators_:
        tree.classes_ = theirs.classes_
    ours = PixelForest.of_trees(theirs.estimators_, 1, ("a", "b", "c"), {})
    unseen = rng.standard_normal((100, 5)).astype(np.float32)
    found = ours.probabilities(np.ascontiguousarray(unseen.T))
    assert np.allclose(found[:, [0, 2]], theirs.predict_proba(unseen), atol=1e-6)
    assert not found[:, 1].any()


@given(st.data())
@settings(max_examples=10)
def test_blocks_and_chunks_never_change_a_class(forest, data):
    image, _ = striped(side=150, seed=9)
    whole = predict_forest(forest, lazy(image[None], chunks=-1), block=512).compute()
    chunks, block = data.draw(st.integers(20, 150)), data.draw(st.sampled_from([17, 40, 64, 150]))
    assert np.array_equal(predict_forest(forest, lazy(image[None], chunks=chunks), block=block).compute(), whole)


def test_it_learns_texture(forest, images):
    found = predict_forest(forest, images[0][3]).compute()
    assert np.mean(found == images[1][3].compute()) > 0.95


def test_a_volume_is_predicted_section_by_section(forest):
    sections = np.stack([striped(side=96, seed=seed)[0] for seed in (7, 8)])
    found = predict_forest(forest, lazy(sections[None])).compute()
    alone = [predict_forest(forest, lazy(section[None])).compute() for section in sections]
    assert np.array_equal(found, alone)


def test_about_the_number_of_pixels_that_is_asked_for_is_drawn_whatever_the_chunks(images):
    drawn = sample_pixels(sources_of(*images), validation=False, classes=2, number=1000, seed=0)
    assert abs(len(drawn.classes) - 1000) < 200
    other = [[array.rechunk(31) for array in arrays] for arrays in images]
    again = sample_pixels(sources_of(*other), validation=False, classes=2, number=1000, seed=0)
    assert np.array_equal(drawn.responses, again.responses)
    assert np.array_equal(drawn.classes, again.classes)


def test_a_forest_on_disk_is_the_same(forest, images, tmp_path):
    write_forest(forest, tmp_path / "forest")
    read = open_forest(tmp_path / "forest")
    assert read.class_names == NAMES
    assert read.fitted == forest.fitted
    predicted = [predict_forest(one, images[0][0]).compute() for one in (forest, read)]
    assert np.array_equal(*predicted)


def test_what_is_no_forest_is_refused(forest, tmp_path):
    with pytest.raises(InputError, match="there is no forest at"):
        open_forest(tmp_path / "none")
    (tmp_path / "other").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="is no whole forest"):
        open_forest(tmp_path / "other")
    with pytest.raises(ModelError, match="the image has 2 channels and the forest was fitted on 1"):
        predict_forest(forest, lazy(np.zeros((2, 40, 40))))


def test_annotations_of_nothing_are_refused(images):
    unknown = [da.full_like(one, 255) for one in images[1]]
    with pytest.raises(ParameterError, match="no pixel is annotated; annotate some pixels of at least two classes"):
        tz.fit_forest(images[0], unknown, class_names=NAMES, training=QUICK)


def test_one_image_is_held_out_by_blocks_and_whatever_is_given_the_forest_is_the_same(tmp_path):
    image, classes = striped(side=160, seed=5)
    for name, array in (("image", image), ("truth", classes)):
        tz.write_ome_zarr(tmp_path / f"{name}.zarr", array, axes="yx", chunks=(40, 40))
    stored = tz.open_image(tmp_path / "image.zarr"), tz.open_labels(tmp_path / "truth.zarr")
    pairs = (image, classes), (lazy(image), lazy(classes, 31)), stored
    quick = tz.ForestTraining(samples=500, trees=10)
    fits = [tz.fit_forest([image], [truth], training=quick) for image, truth in pairs]
    for other in fits[1:]:
        assert np.array_equal(other.threshold, fits[0].threshold)
    assert fits[0].class_names == ("class 0", "class 1")
    assert np.mean(predict_forest(fits[0], lazy(image[None])).compute() == classes) > 0.9


def test_trees_are_told_and_end_with_the_seconds(images):
    told = []
    with tz.progress(told.append):
        model = tz.fit_forest(*images, training=replace(QUICK, seconds=1e-3))
    assert [(step.name, step.done, step.total) for step in told] == [("trees", 10, 20)]
    assert model.fitted["trees"] == 10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trees": 0}, "samples, trees and patience are 100000, 0, 3; each must be at least 1"),
        ({"seconds": 0}, "seconds is 0; it must be above 0"),
        ({"tree": 9}, r"there is no setting 'tree' \(perhaps 'trees' is meant\)"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings, message):
    with pytest.raises(ParameterError, match=message):
        tz.ForestTraining(**settings)
