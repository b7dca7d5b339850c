from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.memory import MIB, POOLS, readable_bytes, table_bytes
from terrazzo.models.gnn.classify_task import ClassifyTask
from terrazzo.models.passes.segment_task import SegmentTask

SEGMENT = SegmentTask(
    channels=1,
    itemsize=2,
    axes=2,
    id_itemsize=4,
    read=1_600_000,
    smoothed=1_500_000,
    section=1_500_000,
    computed=1_400_000,
    labelled=1_200_000,
    measured=1_300_000,
    core=1_000_000,
    computed_cells=5600,
    named_cells=4600,
    nodes=4000,
    node_columns=52,
    edge_columns=2,
)
CLASSIFY = ClassifyTask(
    axes=2,
    id_itemsize=4,
    core=1_000_000,
    nodes=4000,
    read_nodes=36000,
    near_nodes=9600,
    node_columns=52,
    edge_columns=2,
    floats=1088,
    classes=2,
)
VOLUMES = replace(SEGMENT, axes=3), replace(CLASSIFY, axes=3)
COUNTS = [(task, f.name) for task in VOLUMES for f in fields(task) if f.type == "int" and f.name != "axes"]


@pytest.mark.parametrize(("task", "name"), COUNTS, ids=lambda value: value if isinstance(value, str) else "")
def test_more_of_anything_never_takes_less(task, name):
    larger = replace(task, **{name: 20 * getattr(task, name) + MIB})
    assert all(larger.stages[stage] >= task.stages[stage] for stage in task.stages)
    assert sum(larger.stages.values()) > sum(task.stages.values())


@pytest.mark.parametrize("what", ["masked", "rough"])
def test_masks_and_ragged_superpixels_take_more(what):
    assert sum(replace(SEGMENT, **{what: True}).stages.values()) > sum(SEGMENT.stages.values())


def test_painting_probabilities_takes_two_images_more():
    more = replace(CLASSIFY, probabilities=True).stages["paint"] - CLASSIFY.stages["paint"]
    assert more == 2 * CLASSIFY.core


def test_without_filters_features_take_less():
    assert replace(SEGMENT, responses=0).stages["features"] < SEGMENT.stages["features"]


def test_a_stage_is_the_sum_of_its_arrays():
    # the window, and a copy of it
    assert SEGMENT.stages["read"] == 2 * 2 * 1_600_000
    # window, smoothed pixels in float32, a code and a cell per pixel, centres and sums of a channel and of positions
    assert SEGMENT.stages["cluster"] == 2 * 1_600_000 + (4 + 1 + 4) * 1_400_000 + (4 * 4 + 8 * 5) * 5600


def test_the_largest_stage_counts_and_something_is_left_to_the_allocator():
    largest = max(SEGMENT.stages.values())
    assert largest == SEGMENT.stages["features"]
    assert largest + POOLS < SEGMENT.bytes < 1.5 * largest + POOLS


def test_everything_is_a_whole_number_however_large():
    huge = replace(SEGMENT, **dict.fromkeys(("read", "computed", "measured", "nodes"), 10**15))
    assert type(huge.bytes) is int
    assert huge.bytes > 10**16


def test_a_table_is_its_columns():
    assert table_bytes(10, 0, axes=2, id_itemsize=4, node_columns=3, edge_columns=2) == 10 * (4 + 16 + 4 + 12)
    assert table_bytes(0, 10, axes=3, id_itemsize=8, node_columns=3, edge_columns=2) == 10 * (16 + 8)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (800 * MIB, "800 MiB"), (1536 * MIB, "1.5 GiB")],
)
def test_bytes_are_read_by_people(count, text):
    assert readable_bytes(count) == text


@given(st.integers(0, 2**80))
def test_no_number_of_bytes_is_unreadable(count):
    number, unit = readable_bytes(count).split()
    assert float(number) >= 0
    assert unit in ("bytes", "KiB", "MiB", "GiB", "TiB")
