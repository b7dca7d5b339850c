import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import images, sizes

from terrazzo.kernels.slic import first_candidates, slic


def whole(image, size):
    rows, columns = (-(-n // s) for n, s in zip(image.shape[1:], size, strict=True))
    return (0, rows, 0, columns)


@settings(max_examples=120)
@given(images(largest=40, dtypes=(np.float32,)), sizes, st.sampled_from((0.0, 0.1, 0.45, 5.0)), st.integers(1, 6))
def test_the_kernel_equals_the_slow_version_bit_for_bit(image, size, compactness, iterations):
    labels = slic(image, size, compactness, iterations, whole(image, size))
    assert np.array_equal(labels, reference.slic(image, size, compactness, iterations))


@pytest.mark.parametrize("size", [2, 3, 4, 7, 16, 64])
def test_a_constant_image_yields_exactly_the_lattice(size):
    image = np.full((1, 3 * size, 4 * size), 7, np.float32)
    labels = slic(image, (size, size), 0.45, 5, whole(image, (size, size)))
    y, x = np.indices(labels.shape)
    assert np.array_equal(labels, (y // size) * 4 + x // size)


@given(st.integers(1, 70), st.integers(2, 17))
def test_a_pixel_may_join_the_two_cells_whose_middles_are_nearest(extent, size):
    pixels = np.arange(extent)
    first = first_candidates(extent, size)
    cells = np.arange(-1, extent // size + 2)
    distance = np.abs(pixels[:, None] - (cells * size + (size - 1) / 2))
    two_nearest = np.sort(distance, axis=1)[:, 1]
    for candidate in (first, first + 1):
        assert np.all(distance[pixels, candidate + 1] <= two_nearest)


@settings(max_examples=60)
@given(images(largest=48, dtypes=(np.float32,)), sizes)
def test_a_label_never_leaves_its_window(image, size):
    labels = slic(image, size, 0.0, 5, whole(image, size))
    columns = -(-image.shape[2] // size[1])
    for number in np.unique(labels):
        rows, cols = reference.window_of_cell(*divmod(int(number), columns), size, labels.shape)
        outside = labels == number
        outside[rows, cols] = False
        assert not outside.any()


def test_superpixels_follow_a_step_in_intensity():
    image = np.zeros((1, 32, 32), np.float32)
    image[:, :, 13:] = 1
    labels = slic(image, (8, 8), 0.3, 5, whole(image, (8, 8)))
    left, right = set(np.unique(labels[:, :13])), set(np.unique(labels[:, 13:]))
    assert not left & right
