import numpy as np
import pytest

from terrazzo.errors import InputError
from terrazzo.regions.classes.annotation import annotated_classes, gap_note, mask_hint, value_counts


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int64, np.uint64])
def test_an_annotation_of_any_whole_numbers_becomes_bytes(dtype):
    annotation = np.array([[0, 1], [2, 255]], dtype)
    classes = annotated_classes(annotation, 3)
    assert classes.dtype == np.uint8
    assert classes.tolist() == annotation.tolist()


@pytest.mark.parametrize(("value", "dtype"), [(3, np.uint8), (254, np.uint8), (256, np.uint16), (-1, np.int32)])
def test_a_value_that_is_no_class_is_named(value, dtype):
    with pytest.raises(InputError, match=f"holds the value {value}; with 3 classes it must be 0 to 2, or 255"):
        annotated_classes(np.array([[0, value]], dtype), 3)


def test_an_annotation_with_no_class_at_all_is_one():
    assert annotated_classes(np.full((2, 2), 255, np.uint8), 2).tolist() == [[255, 255], [255, 255]]


def test_more_classes_than_a_byte_holds_are_refused():
    with pytest.raises(InputError, match="there are 300 classes; there must be 1 to 255"):
        annotated_classes(np.array([[299]]), 300)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.uint64])
def test_values_are_counted_and_one_that_is_no_class_is_named(dtype):
    counts = value_counts(np.array([[0, 10], [255, 10]], dtype))
    assert {int(value): int(counts[value]) for value in np.flatnonzero(counts)} == {0: 1, 10: 2, 255: 1}
    for value in (-1, 256):
        with pytest.raises(InputError, match=f"holds the value {value}; .* such as {value}=0"):
            value_counts(np.array([0, value]))


def test_gaps_between_classes_are_named_with_a_map_as_the_way_out():
    counts = np.zeros(256, np.int64)
    counts[[0, 1, 255]] = 1
    assert gap_note(counts) is None
    counts[[1, 10, 20]] = 0, 5, 5
    note = gap_note(counts)
    assert "classes 0, 10, 20 have pixels and 1 to 9, 11 to 19 none, so that there would be 21 classes" in note
    assert "map the values, such as 0=0,10=1,20=2 (--map" in note
    assert "map the values differently" in gap_note(counts, mapped=True)
    assert gap_note(np.zeros(256, np.int64)) is None


def test_so_many_values_with_gaps_are_said_to_look_like_intensities():
    counts = np.zeros(256, np.int64)
    counts[2:66] = 1
    assert "intensities" not in gap_note(counts)
    counts[100] = 1
    assert gap_note(counts).endswith("; with 65 values it looks like an image of intensities, not of classes")
    with pytest.raises(InputError, match="with 100 values it looks like an image of intensities"):
        value_counts(np.arange(200, 300))


def test_a_mask_is_mapped_to_two_classes():
    for other, pairs in ((0, "map 255=1 "), (1, "map 255=0 "), (7, "map 7=0,255=1 ")):
        assert pairs in mask_hint(other)
