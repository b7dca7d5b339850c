import numpy as np
import pytest

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError
from terrazzo.training.rules.annotated_inputs import annotated_inputs, check_annotation

IMAGES = [np.zeros((1, 6, 6), np.uint8)] * 2


def annotations(*values):
    return [np.resize(np.array(each, np.uint8), (6, 6)) for each in values]


def test_classes_are_counted_over_all_images_and_a_gap_is_refused():
    assert annotated_inputs(IMAGES, annotations([0, 255], [2, 1])).classes == 3
    with pytest.raises(InputError, match=r"classes 0, 10, 20 have pixels and 1 to 9, 11 to 19 none.* 0=0,10=1,20=2"):
        annotated_inputs(IMAGES, annotations([0, 20], [10, 255]))


def test_classes_that_are_named_may_have_no_pixel():
    assert annotated_inputs(IMAGES, annotations([0, 2], [255]), ["a", "b", "c", "d"]).classes == 4


def test_a_gap_after_a_map_is_closed_by_another_map(tmp_path):
    np.save(tmp_path / "a.npy", annotations([10, 30])[0])
    with pytest.raises(InputError, match=r"classes 0, 2 have pixels and 1 none.*map the values differently"):
        annotated_inputs(IMAGES[:1], [tz.open_labels(tmp_path / "a.npy", map={10: 0, 30: 2})])
    assert annotated_inputs(IMAGES[:1], [tz.open_labels(tmp_path / "a.npy", map={10: 0, 30: 1})]).classes == 2


def test_where_one_class_is_annotated_the_sentence_says_what_to_do_with_a_mask():
    with pytest.raises(ParameterError, match=r"class 0 is the only one annotated.*as in a mask.*map 255=1"):
        check_annotation(np.array([5, 0]))
