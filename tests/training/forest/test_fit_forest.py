from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from textures import NAMES, striped

import terrazzo as tz
from terrazzo.errors import ParameterError
from terrazzo.regions.statistics.filter_bank import SCALE_BANK
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


def test_it_learns_texture(images):
    forest = tz.fit_forest(*images, class_names=NAMES, training=QUICK)
    found = tz.predict(forest, images[0][3]).compute()
    assert np.mean(found == images[1][3].compute()) > 0.95


def test_about_the_number_of_pixels_that_is_asked_for_is_drawn_whatever_the_chunks(images):
    drawn = sample_pixels(sources_of(*images), SCALE_BANK, validation=False, classes=2, number=1000, seed=0)
    assert abs(len(drawn.classes) - 1000) < 200
    other = [[array.rechunk(31) for array in arrays] for arrays in images]
    again = sample_pixels(sources_of(*other), SCALE_BANK, validation=False, classes=2, number=1000, seed=0)
    assert np.array_equal(drawn.responses, again.responses)
    assert np.array_equal(drawn.classes, again.classes)


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
        assert np.array_equal(other.trees.threshold, fits[0].trees.threshold)
    assert fits[0].class_names == ("class 0", "class 1")
    assert np.mean(tz.predict(fits[0], lazy(image[None])).compute() == classes) > 0.9


def test_trees_are_told_and_end_with_the_seconds(images, monkeypatch):
    told = []
    monkeypatch.setattr("terrazzo.training.forest.fit_forest.own_threads", lambda: 3)
    with tz.on_progress(told.append):
        model = tz.fit_forest(*images, training=replace(QUICK, seconds=1e-3))
    assert [(step.name, step.done, step.total) for step in told] == [("trees", 3, 20)]
    assert model.fitted["trees"] == 3
    # a limit that is not reached changes no tree
    unhurried = [tz.fit_forest(*images, training=replace(QUICK, seconds=seconds)).trees for seconds in (None, 1e3)]
    assert np.array_equal(*(trees.threshold for trees in unhurried))


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
