import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from textures import NAMES, striped

from terrazzo.blockwise.arrays.predict_forest import predict_forest
from terrazzo.errors import InputError, ModelError, ParameterError
from terrazzo.models.forest.pixel_forest import PixelForest, open_forest, write_forest
from terrazzo.training.forest.fit_forest import fit_forest
from terrazzo.training.forest.sampled_pixels import sample_pixels


def lazy(array, chunks=50):
    return da.from_array(array, chunks=chunks)


@pytest.fixture(scope="module")
def images():
    drawn = [striped(side=96, seed=seed) for seed in range(4)]
    return [lazy(image[None]) for image, _ in drawn], [lazy(classes) for _, classes in drawn]


@pytest.fixture(scope="module")
def forest(images):
    return fit_forest(*images, validation=(3,), class_names=NAMES, samples=2000, trees=20)


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
    drawn = sample_pixels(*images, classes=2, number=1000, seed=0)
    assert abs(len(drawn.classes) - 1000) < 200
    other = [[array.rechunk(31) for array in arrays] for arrays in images]
    again = sample_pixels(*other, classes=2, number=1000, seed=0)
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
    with pytest.raises(ParameterError, match="no annotated pixel was drawn"):
        fit_forest(images[0], unknown, validation=(3,), class_names=NAMES)
