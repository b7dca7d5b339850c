import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError


def opened(folder, array, **options):
    np.save(folder / "labels.npy", array)
    return tz.open_labels(folder / "labels.npy", **options)


@given(
    st.sampled_from([np.uint8, np.int8, np.uint16, np.int32, np.uint64]),
    st.dictionaries(st.integers(-300, 300), st.sampled_from([0, 1, 7, 255]), min_size=1, max_size=5),
    st.integers(0, 2**32),
)
def test_named_values_become_others_and_the_rest_stays_in_any_window(tmp_path_factory, dtype, pairs, seed):
    held = np.iinfo(dtype)
    kept = [value for value in (2, 3, 90, 126) if value not in pairs]
    values = [value for value in (*pairs, *kept) if held.min <= value <= held.max]
    labels = np.random.default_rng(seed).choice(np.array(values, dtype), (13, 17))
    found = opened(tmp_path_factory.mktemp("labels"), labels, map=pairs)
    expected = np.array([[pairs.get(int(value), int(value)) for value in row] for row in labels])
    assert np.array_equal(found.plane.compute(), expected)
    assert found.plane.dtype == found.dtype
    copied = pickle.loads(pickle.dumps(found.stored))
    assert np.array_equal(copied[0, 3:11, 12:4:-2], expected[3:11, 12:4:-2])


def test_a_mask_of_0_and_255_is_two_classes(tmp_path):
    mask = np.where(np.eye(9, dtype=bool), 255, 0).astype(np.uint8)
    found = opened(tmp_path, mask, map={255: 1})
    assert found.dtype == np.uint8
    assert np.array_equal(found.plane.compute(), np.eye(9))
    assert found.plane.name != tz.open_labels(tmp_path / "labels.npy").plane.name
    assert found.stored.reading == "MappedLabels 255=1"


def test_a_value_that_stays_beside_one_that_becomes_the_same_is_refused_until_the_map_names_it(tmp_path):
    labels = np.array([[0, 10, 20], [20, 10, 30]], np.uint8)
    with pytest.raises(InputError, match="holds the value 0, which the map does not name, and it makes 10 to 0; add"):
        opened(tmp_path, labels, map={10: 0, 20: 1, 30: 2}).plane.compute()
    apart = opened(tmp_path, labels, map={10: 0, 20: 1, 30: 2, 0: 255})
    assert apart.plane.compute().tolist() == [[255, 0, 1], [1, 0, 2]]
    same = opened(tmp_path, labels, map={10: 0, 20: 1, 30: 2, 0: 0})
    assert same.plane.compute().tolist() == [[0, 0, 1], [1, 0, 2]]
    # the file is not read before its pixels are asked for, and a window without the value has no say
    assert opened(tmp_path, labels, map={10: 0, 20: 1, 30: 2}).stored[0, :, 1:].tolist() == [[0, 1], [0, 2]]


@pytest.mark.parametrize("given", [{}, {255: 256}, {255: -1}, {"a": 1}, {1.5: 0}, {255: True}, [(255, 1)]])
def test_a_map_that_is_none_is_refused(tmp_path, given):
    with pytest.raises(ParameterError, match="give whole numbers and the class that each becomes, 0 to 254, or 255"):
        opened(tmp_path, np.zeros((3, 3), np.uint8), map=given)


def test_annotations_take_a_map_in_place_of_what_is_empty_and_shapes_take_none(tmp_path):
    image, labels = np.zeros((1, 3, 3)), np.diag([10, 20, 10]).astype(np.uint8)
    np.save(tmp_path / "a.npy", labels)
    given = {0: 255, 10: 0, 20: 1}
    (annotation,) = tz.open_annotations([tmp_path / "a.npy"], [image], classes=["a", "b"], map=given)
    assert np.array_equal(annotation.plane.compute(), np.where(labels == 0, 255, labels // 10 - 1))
    with pytest.raises(ParameterError, match="leave empty out and map 0=255"):
        tz.open_annotation(tmp_path / "a.npy", image, empty=0, map=given)
    with pytest.raises(ParameterError, match=r"a\.geojson' holds shapes, whose classes have names, and a map is for"):
        tz.open_annotation(tmp_path / "a.geojson", image, map=given)
