import json
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest
import zarr
from drawings import feature, rectangle, write_features
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import boundary_counts, calibration_error
from scipy import ndimage

import terrazzo as tz
from terrazzo.blockwise.runs.score import score_together
from terrazzo.errors import InputError, ParameterError
from terrazzo.kernels.classes.targets import confusion_matrix
from terrazzo.progress import Step, on_progress

ALL = (slice(None), slice(None))


@pytest.fixture(scope="module")
def result(model, stored, tmp_path_factory):
    return tz.write_prediction(model, stored, tmp_path_factory.mktemp("run") / "result.zarr", block=48)


def labels_at(path, array):
    np.save(path, array)
    return tz.open_labels(path)


def test_scores_are_those_of_the_whole_image(result, annotation, tmp_path):
    scores = tz.score(result, labels_at(tmp_path / "truth.npy", annotation))
    assert np.array_equal(scores.confusion, confusion_matrix(annotation, result.read_classes(ALL), 3))
    labels = result.read_superpixels(ALL)
    assert np.array_equal(scores.boundaries, boundary_counts(annotation, result.read_classes(ALL), 3, 2))
    counts = [np.bincount(annotation[labels == i], minlength=256)[:3] for i in np.unique(labels)]
    assert scores.ceiling == np.max(counts, axis=1).sum() / np.sum(annotation != 255)


def test_a_prediction_scored_against_itself_is_perfect(result, tmp_path):
    scores = tz.score(result, labels_at(tmp_path / "truth.npy", result.read_classes(ALL)))
    assert scores.accuracy == scores.ceiling == scores.mean_iou == 1


def test_each_scored_block_is_told(result, annotation, tmp_path):
    told = []
    with on_progress(told.append):
        tz.score(result, labels_at(tmp_path / "truth.npy", annotation))
    assert [(step.done, step.total) for step in told] == [(n, len(result.grid)) for n in range(len(result.grid) + 1)]
    assert told[-1] == Step("score", len(result.grid), len(result.grid), 130 * 170)
    with on_progress(told.append):
        score_together([result] * 3, [tz.open_labels(tmp_path / "truth.npy")] * 3)
    assert told[-1] == Step("score", 3 * len(result.grid), 3 * len(result.grid), 3 * 130 * 170)


def test_an_annotation_of_another_extent_is_refused(result, annotation, tmp_path):
    with pytest.raises(
        InputError, match=r"truth\.npy': the annotation has \(130, 100\) pixels \(y, x\) and the result \(130, 170\)"
    ):
        tz.score(result, labels_at(tmp_path / "truth.npy", annotation[:, :100]))


@pytest.mark.parametrize("block", [None, 48])
def test_arrays_are_scored_as_files_are_and_what_is_lazy_is_computed_once_for_each_pass(
    model, pixels, result, annotation, tmp_path, block
):
    classes, truth = result.read_classes(ALL), labels_at(tmp_path / "truth.npy", annotation)
    predicted, lazy = labels_at(tmp_path / "predicted.npy", classes), tz.predict(model, da.from_array(pixels), block=48)
    computed = []
    counted = lazy.map_blocks(lambda chunk: computed.append(1) or chunk, dtype=lazy.dtype, meta=lazy._meta)
    expected = tz.score(predicted, truth)
    for found in (
        tz.score(counted, annotation, classes=3, block=block),
        tz.score(lazy, truth, block=block),
        tz.score(predicted, da.from_array(annotation, chunks=(33, 50)), block=block),
    ):
        assert np.array_equal(found.confusion, expected.confusion)
        assert np.array_equal(found.boundaries, expected.boundaries)
    assert len(computed) == lazy.npartitions
    assert repr(tz.score(result, annotation)) == repr(tz.score(result, truth))


@pytest.mark.parametrize(
    ("prediction", "truth", "said"),
    [
        ("dw.zarr", "array", r"the prediction is the path 'dw\.zarr', .*; open it with tz\.open_result, or a label"),
        ("result", "truth.png", r"the annotation is the path 'truth\.png', .*; open it with tz\.open_labels"),
        ("result", "floats", r"the annotation is float64 with 2 axes; it must hold whole numbers"),
        ("result", "stored floats", r"the annotation '.*floats\.npy' holds float64 values; it must hold whole numbers"),
        ("array", "smaller", r"the annotation has \(130, 100\) pixels \(y, x\) and the prediction \(130, 170\)"),
        ("array", "nothing", "the annotation annotates no pixel with a class from 0 to"),
        ("array", "objects", "the annotation holds the value 76500; classes are 0 to 254"),
    ],
)
def test_what_cannot_be_scored_is_one_sentence(result, annotation, tmp_path, prediction, truth, said):
    np.save(tmp_path / "floats.npy", annotation.astype(float))
    given = {
        "result": result,
        "array": annotation,
        "floats": annotation.astype(float),
        "stored floats": tz.open_image(tmp_path / "floats.npy"),
        "smaller": annotation[:, :100],
        "nothing": np.full_like(annotation, 255),
        "objects": annotation.astype(np.int32) * 300,
    }
    with pytest.raises((InputError, ParameterError), match=said):
        tz.score(given.get(prediction, prediction), given.get(truth, truth))


def test_an_annotation_of_nothing_is_refused(result, annotation, tmp_path):
    with pytest.raises(InputError, match=r"truth\.npy' annotates no pixel with a class from 0 to 2"):
        tz.score(result, labels_at(tmp_path / "truth.npy", np.full_like(annotation, 255)))


def test_a_value_that_is_no_class_is_refused(result, annotation, tmp_path):
    annotation[50, 50] = 9
    with pytest.raises(InputError, match="holds the value 9; with 3 classes it must be 0 to 2, or 255"):
        tz.score(result, labels_at(tmp_path / "truth.npy", annotation))


def test_a_mask_of_0_and_255_is_said_to_look_like_one_and_is_right_once_it_is_mapped(tmp_path, caplog):
    truth = np.where(np.arange(40) < 10, 255, 0).astype(np.uint8) * np.ones((40, 1), np.uint8)
    prediction = labels_at(tmp_path / "predicted.npy", np.where(truth[:, ::-1] == 255, 1, 0).astype(np.uint8))
    mask = labels_at(tmp_path / "truth.npy", truth)
    tz.score(prediction, mask, classes=2)
    (said,) = [record.getMessage() for record in caplog.records]
    assert "truth.npy' holds 0 and 255 alone, which looks like a mask" in said
    assert "map 255=1 (--map, or map= of open_labels), and if it does, 255=255 says so" in said
    with pytest.raises(InputError, match="holds 0 and 255 alone"):
        score_together([prediction], [mask], classes=2)
    caplog.clear()
    mapped = tz.open_labels(tmp_path / "truth.npy", map={255: 1})
    assert tz.score(prediction, mapped).confusion.tolist() == [[800, 400, 0], [400, 0, 0]]
    known = score_together([prediction], [tz.open_labels(tmp_path / "truth.npy", map={255: 255})], classes=2)
    assert known.confusion.tolist() == [[800, 400, 0], [0, 0, 0]]
    assert score_together([prediction] * 2, [mask, prediction], classes=2).pixels == 1200 + 1600
    assert not [record for record in caplog.records if record.levelname == "WARNING"]
    with pytest.raises(InputError, match=r"truth\.npy' holds 0 and 255 alone"):
        score_together([mask], [prediction])


def test_shapes_of_one_class_do_not_look_like_a_mask(tmp_path, caplog):
    prediction = labels_at(tmp_path / "predicted.npy", np.eye(40, dtype=np.uint8))
    drawn = write_features(tmp_path / "truth.geojson", [feature([rectangle(0, 0, 20, 20)], "a")])
    truth = tz.open_annotation(drawn, prediction)
    assert score_together([prediction], [truth], classes=2).pixels == tz.score(prediction, truth).pixels == 400
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


def test_classes_without_a_pixel_are_named_unless_their_number_is_given(tmp_path, caplog):
    tens = labels_at(tmp_path / "tens.npy", np.array([[10, 20]] * 4, np.uint8))
    assert len(tz.score(tens, tens).confusion) == 21
    assert "classes 10, 20 have pixels and 0 to 9, 11 to 19 none" in caplog.text
    with pytest.raises(InputError, match="such as 10=0,20=1"):
        score_together([tens], [tens])
    assert score_together([tens], [tens], classes=30).accuracy == 1


def test_a_result_that_is_not_finished_is_refused(model, stored, annotation, tmp_path):
    result = tz.write_prediction(model, stored, tmp_path / "result.zarr")
    run = Path(result.path) / "run.json"
    run.write_text(json.dumps(json.loads(run.read_text()) | {"finished": False}))
    with pytest.raises(InputError, match="is not finished; run the same terrazzo predict again to finish it"):
        tz.score(result, labels_at(tmp_path / "truth.npy", annotation))


@pytest.fixture(scope="module")
def masked(model, stored, disc, tmp_path_factory):
    return tz.write_prediction(model, stored, tmp_path_factory.mktemp("run") / "masked.zarr", mask=disc, block=48)


def test_pixels_outside_the_mask_count_for_nothing_and_are_told(masked, annotation, disc, tmp_path, caplog):
    scores = tz.score(masked, labels_at(tmp_path / "truth.npy", annotation))
    inside = np.where(disc, annotation, np.uint8(255))
    assert np.array_equal(scores.confusion, confusion_matrix(inside, masked.read_classes(ALL), 3))
    assert np.array_equal(scores.boundaries, boundary_counts(inside, masked.read_classes(ALL), 3, 2))
    assert scores.pixels == np.sum(inside != 255)
    assert not scores.confusion[:, -1].any()
    assert scores.ceiling <= 1
    left_out = np.sum(annotation != 255) - scores.pixels
    assert f"{left_out} annotated pixels are outside the mask of" in caplog.text


def test_within_the_mask_a_prediction_scored_against_itself_is_perfect(masked, tmp_path, caplog):
    scores = tz.score(masked, labels_at(tmp_path / "truth.npy", masked.read_classes(ALL)))
    assert scores.accuracy == scores.ceiling == 1
    assert not caplog.text


def test_an_annotation_of_nothing_inside_the_mask_is_refused(masked, annotation, disc, tmp_path):
    outside = np.where(disc, np.uint8(255), annotation)
    with pytest.raises(InputError, match=r"annotates no pixel inside the mask with a class from 0 to 2"):
        tz.score(masked, labels_at(tmp_path / "truth.npy", outside))


@pytest.mark.parametrize("block", [48, 400])
def test_the_calibration_error_is_that_of_the_whole_image_whatever_the_blocks(
    model, stored, annotation, disc, tmp_path, block
):
    settings = {"mask": disc, "block": block, "probabilities": True}
    result = tz.write_prediction(model, stored, tmp_path / "result.zarr", **settings)
    scores = tz.score(result, labels_at(tmp_path / "truth.npy", annotation))
    highest = zarr.open_array(f"{result.path}/probabilities/0", mode="r")[:].max(axis=0)
    inside = np.where(disc, annotation, np.uint8(255))
    assert scores.calibration_error == pytest.approx(calibration_error(inside, result.read_classes(ALL), highest))
    assert scores.confidence[:, 0].sum() == scores.pixels


def test_without_an_image_of_probabilities_there_is_no_calibration_error(result, annotation, tmp_path):
    scores = tz.score(result, labels_at(tmp_path / "truth.npy", annotation))
    assert scores.confidence is None
    assert np.isnan(scores.summary("abc")["calibration_error"])


def test_a_volume_is_scored(volume_model, volume, ball, tmp_path):
    tz.write_ome_zarr(tmp_path / "volume.zarr", volume, axes="zyx")
    result = tz.write_prediction(
        volume_model, tz.open_image(tmp_path / "volume.zarr"), tmp_path / "result.zarr", mask=ball, block=24
    )
    truth = (volume > np.median(volume)).astype(np.uint8)
    tz.write_ome_zarr(tmp_path / "truth.zarr", truth, axes="zyx")
    scores = tz.score(result, tz.open_labels(tmp_path / "truth.zarr"))
    assert scores.pixels == ball.sum()
    predicted = result.read_classes((slice(None),) * 3)
    assert scores.accuracy == np.mean(predicted[ball] == truth[ball])


def smooth_classes(rng, shape, classes=3):
    """Classes in patches a few pixels wide, so that boundaries are sparse and some lie near others."""
    noise = ndimage.gaussian_filter(rng.standard_normal((classes, *shape)), (0, *(4,) * len(shape)))
    return noise.argmax(axis=0).astype(np.uint8)


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.sampled_from([(70, 90), (12, 40, 50)]), st.sampled_from([0, 1, 2, 5.5]), st.data())
def test_a_label_image_scores_the_same_in_any_blocks(tmp_path_factory, seed, shape, tolerance, data):
    rng, folder = np.random.default_rng(seed), tmp_path_factory.mktemp("labels")
    true, found = (smooth_classes(rng, shape) for _ in range(2))
    found[true == 0] = np.roll(true, 2, axis=-1)[true == 0]
    true[rng.random(shape) < 0.02] = 255
    axes = "zyx"[-len(shape) :]
    images = []
    for name, array in (("true", true), ("found", found)):
        tz.write_ome_zarr(folder / name, array, axes=axes, chunks=tuple(data.draw(st.integers(7, 40)) for _ in shape))
        images.append(tz.open_labels(folder / name))
    scores = tz.score(images[1], images[0], tolerance=tolerance, block=data.draw(st.sampled_from([1, 64])))
    assert np.array_equal(scores.confusion, confusion_matrix(true, found, 3))
    assert np.array_equal(scores.boundaries, boundary_counts(true, found, 3, tolerance))
    assert np.isnan(scores.ceiling)


def test_a_label_image_may_have_more_classes_than_it_holds(annotation, tmp_path):
    images = [labels_at(tmp_path / f"{name}.npy", annotation) for name in ("true", "found")]
    assert tz.score(*images).confusion.shape == (3, 4)
    assert tz.score(*images, classes=5).confusion.shape == (5, 6)


def test_a_label_image_whose_values_are_no_class_is_wrong_there(annotation, tmp_path):
    found = np.where(annotation == 1, -7, annotation.astype(np.int16))
    scores = tz.score(labels_at(tmp_path / "found.npy", found), labels_at(tmp_path / "true.npy", annotation))
    assert scores.confusion[1].tolist() == [0, 0, 0, (annotation == 1).sum()]


def test_labels_of_objects_are_refused_as_classes(annotation, tmp_path):
    objects = labels_at(tmp_path / "objects.npy", np.arange(annotation.size).reshape(annotation.shape))
    with pytest.raises(InputError, match=r"objects\.npy' holds the value 22099; classes are 0 to 254"):
        tz.score(objects, labels_at(tmp_path / "true.npy", annotation))


def test_intensities_given_as_labels_are_refused_before_all_blocks_are_read(tmp_path, monkeypatch):
    read = []
    bright = da.full((8000, 4000), 300, np.uint16, chunks=1000)
    counted = bright.map_blocks(lambda chunk: read.append(1) or chunk, dtype=bright.dtype, meta=bright._meta)
    with dask.config.set(num_workers=1), pytest.raises(InputError, match="the annotation holds the value 300; classes"):
        tz.score(da.zeros(bright.shape, dtype=np.uint8, chunks=1000), counted)
    assert len(read) < bright.npartitions
    grey = labels_at(tmp_path / "grey.npy", np.arange(100, dtype=np.uint8)[None] * np.full((40, 1), 2, np.uint8))
    monkeypatch.delattr("terrazzo.blockwise.runs.score.score_labels_block")
    with pytest.raises(InputError, match="with 100 values it looks like an image of intensities, not of classes"):
        score_together([grey], [grey])


@pytest.mark.parametrize("tolerance", [-1, 65, float("nan")])
def test_a_tolerance_out_of_range_is_refused(result, annotation, tmp_path, tolerance):
    with pytest.raises(ParameterError, match=r"tolerance is .*; it must be from 0 to 64 pixels"):
        tz.score(result, labels_at(tmp_path / "true.npy", annotation), tolerance=tolerance)
