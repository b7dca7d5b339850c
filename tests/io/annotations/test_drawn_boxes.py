import os
from pathlib import Path

import numpy as np
import pytest
import zarr

import terrazzo as tz
from terrazzo.blocks import Box
from terrazzo.io.annotations.drawn_boxes import drawn_boxes

EXTENT = (70, 100)


def annotation(folder, **how):
    how = {"chunks": (32, 32), "fill_value": 255, "dimension_names": ("y", "x")} | how
    array = zarr.create_array(folder, shape=EXTENT, dtype=np.uint8, **how)
    array[10:12, 40:90], array[69, 99] = 1, 0
    return tz.open_labels(folder).stored


def test_nothing_is_drawn_outside_the_boxes_of_chunks_that_are_there(tmp_path):
    stored = annotation(tmp_path / "a.zarr")
    (tmp_path / "a.zarr" / "c" / "0" / "0.1f3a.partial").touch()
    boxes = drawn_boxes(stored)
    assert boxes == (Box((0, 32), (32, 64)), Box((0, 64), (32, 96)), Box((64, 96), (70, 100)))
    outside = stored[0]
    for box in boxes:
        outside[box.slices] = 255
    assert (outside == 255).all()


@pytest.mark.parametrize(
    "how",
    [
        {"fill_value": 0},
        {"shards": (64, 64)},
        {"dimension_names": ("x", "y")},
        {"zarr_format": 2, "dimension_names": None},
    ],
    ids=str,
)
def test_only_reading_tells_where_what_is_not_there_may_be_annotated(tmp_path, how):
    if "zarr_format" in how:
        array = zarr.create_array(
            tmp_path / "a.zarr", shape=EXTENT, chunks=(32, 32), dtype=np.uint8, fill_value=255, zarr_format=2
        )
        array[:2, :2] = 0
        stored = tz.open_labels(tmp_path / "a.zarr").stored
    else:
        stored = annotation(tmp_path / "a.zarr", **how)
    assert drawn_boxes(stored) is None


def test_only_reading_tells_where_values_are_mapped_or_the_file_is_no_zarr(tmp_path):
    annotation(tmp_path / "a.zarr")
    assert drawn_boxes(tz.open_labels(tmp_path / "a.zarr", map={0: 1, 1: 0}).stored) is None
    np.save(tmp_path / "a.npy", np.zeros(EXTENT, np.uint8))
    assert drawn_boxes(tz.open_labels(tmp_path / "a.npy").stored) is None


def test_of_a_folder_that_cannot_be_listed_only_reading_tells(tmp_path, monkeypatch):
    stored, listed = annotation(tmp_path / "a.zarr"), os.scandir

    def refused(folder):
        if Path(folder).name == "2":
            raise PermissionError(folder)
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refused)
    assert drawn_boxes(stored) is None


def test_of_too_many_chunks_only_reading_tells(tmp_path, monkeypatch):
    stored = annotation(tmp_path / "a.zarr")
    monkeypatch.setattr("terrazzo.io.annotations.drawn_boxes.MOST_BOXES", 2)
    assert drawn_boxes(stored) is None
