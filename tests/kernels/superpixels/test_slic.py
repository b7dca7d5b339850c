import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import images, masks, sizes, volume_sizes

from terrazzo.kernels.superpixels.slic import first_candidates, slic


def whole(image, size):
    """All cells of an array, as the kernel is told which of them are wanted."""
    return tuple((0, -(-n // s)) for n, s in zip(image.shape[1:], size, strict=True))


def flat(image, size, *args, **options):
    """What the kernel makes of an image (c, y, x)."""
    volume, triple = image[:, None], (1, *size)
    mask = options.pop("mask", None)
    options["mask"] = None if mask is None else mask[None]
    return slic(volume, triple, *args, whole(volume, triple), **options)[0]


@settings(max_examples=120)
@given(images(largest=40, dtypes=(np.float32,)), sizes, st.sampled_from((0.0, 0.1, 0.45, 5.0)), st.integers(1, 6))
def test_the_kernel_equals_the_slow_version_bit_for_bit(image, size, compactness, iterations):
    labels = flat(image, size, compactness, iterations)
    assert np.array_equal(labels, reference.slic(image, size, compactness, iterations))


@settings(max_examples=80)
@given(
    images(largest=15, dtypes=(np.float32,), axes=3), volume_sizes, st.sampled_from((0.0, 0.45, 5.0)), st.integers(1, 4)
)
def test_the_kernel_equals_the_slow_version_on_volumes(image, size, compactness, iterations):
    labels = slic(image, size, compactness, iterations, whole(image, size))
    assert np.array_equal(labels, reference.slic(image, size, compactness, iterations))


@settings(max_examples=60)
@given(st.data())
def test_the_kernel_equals_the_slow_version_inside_a_mask(data):
    axes = data.draw(st.sampled_from((2, 3)))
    image = data.draw(images(largest=30 if axes == 2 else 12, dtypes=(np.float32,), axes=axes))
    size = data.draw(sizes if axes == 2 else volume_sizes)
    mask = data.draw(masks(image.shape[1:]))
    if axes == 2:
        labels = flat(image, size, 0.45, 3, mask=mask)
    else:
        labels = slic(image, size, 0.45, 3, whole(image, size), mask)
    assert np.array_equal(labels, reference.slic(image, size, 0.45, 3, mask))
    assert np.array_equal(labels < 0, ~mask)


@pytest.mark.parametrize("size", [2, 3, 4, 7, 16, 64])
def test_a_constant_image_yields_exactly_the_lattice(size):
    labels = flat(np.full((1, 3 * size, 4 * size), 7, np.float32), (size, size), 0.45, 5)
    y, x = np.indices(labels.shape)
    assert np.array_equal(labels, (y // size) * 4 + x // size)


def test_a_constant_volume_yields_exactly_the_lattice():
    image = np.full((1, 6, 24, 32), 7, np.float32)
    labels = slic(image, (2, 8, 8), 0.45, 5, whole(image, (2, 8, 8)))
    z, y, x = np.indices(labels.shape)
    assert np.array_equal(labels, (z // 2) * 12 + (y // 8) * 4 + x // 8)


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
@given(st.data())
def test_a_label_never_leaves_its_window(data):
    axes = data.draw(st.sampled_from((2, 3)))
    image = data.draw(images(largest=48 if axes == 2 else 20, dtypes=(np.float32,), axes=axes))
    size = data.draw(sizes if axes == 2 else volume_sizes)
    labels = flat(image, size, 0.0, 5) if axes == 2 else slic(image, size, 0.0, 5, whole(image, size))
    cells = reference.cells_of_shape(labels.shape, size)
    for number in np.unique(labels):
        outside = labels == number
        outside[reference.window_of_cell(cells[number], size, labels.shape)] = False
        assert not outside.any()


def test_superpixels_follow_a_step_in_intensity():
    image = np.zeros((1, 32, 32), np.float32)
    image[:, :, 13:] = 1
    labels = flat(image, (8, 8), 0.3, 5)
    left, right = set(np.unique(labels[:, :13])), set(np.unique(labels[:, 13:]))
    assert not left & right


def test_superpixels_of_a_volume_follow_a_step_between_sections():
    image = np.zeros((1, 8, 24, 24), np.float32)
    image[:, 3:] = 1
    labels = slic(image, (2, 8, 8), 0.3, 5, whole(image, (2, 8, 8)))
    assert not set(np.unique(labels[:3])) & set(np.unique(labels[3:]))
