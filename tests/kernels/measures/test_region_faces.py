from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.kernels.measures.region_faces import dense_index, extents, region_faces


@st.composite
def indexed(draw):
    """Return an index (z, y, x) with some pixels of no region, who is owned, and an image."""
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 9)))
    number = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    index = rng.integers(-1, number, shape).astype(np.int32)
    owned = rng.random(number) < draw(st.sampled_from([0.5, 1]))
    return index, owned, rng.standard_normal((draw(st.integers(1, 3)), *shape)).astype(np.float32)


def faces(shape):
    """Yield the two pixels of every face between two pixels, in raster order."""
    for pixel in np.ndindex(shape):
        for axis in range(3):
            other = tuple(i + (a == axis) for a, i in enumerate(pixel))
            if other[axis] < shape[axis]:
                yield pixel, other


@given(indexed())
def test_edges_are_what_a_walk_over_all_faces_finds_to_the_last_bit(case):
    index, owned, image = case
    changes = defaultdict(list)
    for a, b in faces(index.shape):
        low, high = sorted((int(index[a]), int(index[b])))
        if low != high and low >= 0 and owned[low]:
            changes[low, high].append(np.abs(image[:, *a].astype(float) - image[:, *b].astype(float)))
    edges, count, contrast = region_faces(index, owned, image)
    assert list(map(tuple, edges.T.tolist())) == sorted(changes)
    assert count.tolist() == [len(changes[edge]) for edge in sorted(changes)]
    assert contrast.shape == (len(changes), len(image))
    for edge, row in zip(sorted(changes), contrast, strict=True):
        total = np.zeros(len(image))
        for change in changes[edge]:
            total += change
        assert np.array_equal(row, total / len(changes[edge]))


@given(case=indexed(), moved=st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)))
def test_what_lies_around_the_regions_changes_nothing(case, moved):
    index, owned, image = case
    padding = [(n, 1) for n in moved]
    around = np.pad(index, padding, constant_values=-1), owned, np.pad(image, [(0, 0), *padding])
    for found, expected in zip(region_faces(*around), region_faces(*case), strict=True):
        assert np.array_equal(found, expected)


def test_a_region_may_touch_any_number_of_others():
    index = np.zeros((1, 3, 100), np.int32)
    index[0, 0] = np.arange(1, 101)
    index[0, 2] = np.arange(101, 201)
    edges, count, _ = region_faces(index, np.ones(201, bool), np.zeros((1, 1, 3, 100), np.float32))
    assert (edges[0] == 0).sum() == 200
    assert count[edges[0] == 0].tolist() == [1] * 200


def test_no_owned_region_has_no_edges():
    index = np.zeros((1, 2, 2), np.int32)
    edges, count, contrast = region_faces(index - 1, np.ones(0, bool), np.zeros((2, 1, 2, 2), np.float32))
    assert edges.shape == (2, 0)
    assert count.shape == (0,)
    assert contrast.shape == (0, 2)


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


@given(
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)),
    number=st.integers(1, 9),
    seed=st.integers(0, 9999),
)
def test_boxes_and_first_pixels_are_those_of_the_listed_pixels(shape, number, seed):
    index = np.random.default_rng(seed).integers(-1, number, shape).astype(np.int32)
    first, start, stop = extents(index, number)
    for region in range(number):
        pixels = np.argwhere(index == region)  # in raster order
        if len(pixels) == 0:
            assert stop[region].tolist() == [0, 0, 0]
            continue
        assert first[region].tolist() == pixels[0].tolist()
        assert start[region].tolist() == pixels.min(axis=0).tolist()
        assert stop[region].tolist() == (pixels.max(axis=0) + 1).tolist()


def test_a_hollow_region_has_one_box():
    index = np.full((1, 4, 5), -1, np.int32)
    index[0, 0, 3] = index[0, 2, 1] = index[0, 3, 4] = 0
    first, start, stop = extents(index, 1)
    assert first.tolist() == [[0, 0, 3]]
    assert start.tolist() == [[0, 0, 1]]
    assert stop.tolist() == [[1, 4, 5]]
