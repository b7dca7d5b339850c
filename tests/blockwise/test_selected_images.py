"""A result of one time of a series: what is written, what truth it is compared with, and what is not it."""

import numpy as np
import pytest
import zarr
from thresholds import Threshold

import terrazzo as tz
from terrazzo.errors import InputError

MODEL = Threshold(1.0, 128.0)
SERIES = np.kron(np.random.default_rng(0).integers(0, 255, (3, 1, 9, 12)), np.ones((10, 10))).astype(np.uint8)


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    folder = tmp_path_factory.mktemp("series")
    root = zarr.create_group(folder / "series.zarr")
    root.create_array("0", data=SERIES, chunks=(1, 1, 32, 32))
    scale = {"type": "scale", "scale": [1, 1, 1, 1]}
    datasets = [{"path": "0", "coordinateTransformations": [scale]}]
    entry = {"axes": [{"name": axis} for axis in "tcyx"], "datasets": datasets}
    root.attrs["ome"] = {"version": "0.5", "multiscales": [entry]}
    truth = np.stack([tz.predict(MODEL, time).compute() for time in SERIES])
    np.save(folder / "truth.npy", truth)
    image = tz.open_image(folder / "series.zarr", select={"t": 1})
    result = tz.write_prediction(MODEL, image, folder / "result.zarr", block=32)
    return folder, image, result, truth


def test_each_task_reads_its_window_of_the_time_that_is_selected(series):
    _, _, result, truth = series
    assert np.array_equal(result.read_classes((slice(None), slice(None))), truth[1])
    assert 0.1 < truth[1].mean() < 0.9


def test_truth_of_all_times_is_compared_at_the_same_one_unless_another_is_selected(series):
    folder, _, result, _ = series
    same = tz.open_annotation(folder / "truth.npy", result, axes="tyx")
    assert tz.score(result, same).accuracy == 1
    other = tz.open_annotation(folder / "truth.npy", result, axes="tyx", select={"t": 2})
    assert tz.score(result, other).accuracy < 0.8


def test_a_result_of_another_time_is_not_gone_on_with(series):
    folder, image, _, _ = series
    assert tz.write_prediction(MODEL, image, folder / "result.zarr", block=32).run["finished"]
    other = tz.open_image(folder / "series.zarr", select={"t": 2})
    with pytest.raises(InputError, match="was not made from this: selected was"):
        tz.write_prediction(MODEL, other, folder / "result.zarr", block=32)


def test_labels_of_one_time_are_not_written_into_the_series(series):
    _, image, result, _ = series
    with pytest.raises(InputError, match="are of all of it, and the image is open at t=1; write a result"):
        tz.write_labels_into(result, image)
