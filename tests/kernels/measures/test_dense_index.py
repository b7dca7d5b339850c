import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.kernels.measures.region_faces import dense_index

DTYPES = (np.uint8, np.int8, np.uint16, np.int32, np.uint32, np.int64, np.uint64)


@st.composite
def label_images(draw):
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    used = draw(st.lists(st.integers(0, int(np.iinfo(dtype).max)), min_size=1, max_size=6))
    shape = tuple(draw(st.lists(st.integers(1, 8), min_size=1, max_size=3)))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    return rng.choice(np.array(used, dtype), shape)


@given(label_images())
def test_each_pixel_gets_the_place_of_its_label_among_all(labels):
    ids, index = dense_index(labels)
    assert ids.dtype == labels.dtype
    assert ids.tolist() == sorted(set(labels.ravel().tolist()) - {0})
    assert index.dtype == np.int32
    assert np.array_equal(index < 0, labels == 0)
    assert np.array_equal(ids[index[index >= 0]], labels[labels != 0])


def test_negative_labels_are_kept_for_the_caller_to_judge():
    ids, index = dense_index(np.array([[5, -3], [0, 5]]))
    assert ids.tolist() == [-3, 5]
    assert index.tolist() == [[1, 0], [-1, 1]]


@pytest.mark.parametrize("shape", [(0, 4), (3, 4)])
def test_an_image_without_labels_has_no_regions(shape):
    ids, index = dense_index(np.zeros(shape, np.uint16))
    assert ids.size == 0
    assert index.shape == shape
    assert (index == -1).all()
