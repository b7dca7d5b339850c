import numpy as np
import pytest

from terrazzo.errors import InputError
from terrazzo.regions.classes.annotation import annotated_classes


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
