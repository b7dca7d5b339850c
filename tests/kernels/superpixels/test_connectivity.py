import numpy as np
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from strategies import images, masks, sizes, volume_sizes

from terrazzo.kernels.superpixels.connectivity import connect
from terrazzo.kernels.superpixels.slic import slic


def torn(image, size):
    """Labels in pieces, as SLIC without compactness makes them, with three axes."""
    kept = tuple((0, -(-n // s)) for n, s in zip(image.shape[1:], size, strict=True))
    return slic(image, size, 0.05, 3, kept)


def connected_plane(labels, size, image=None):
    """What the kernel makes of labels (y, x), on an image (c, y, x) or a constant one."""
    image = np.zeros((1, *labels.shape), np.float32) if image is None else image
    connected, left = connect(labels[None], image[:, None], (1, *size))
    return connected[0], left


@settings(max_examples=120)
@given(images(largest=36, dtypes=(np.float32,)), sizes)
def test_the_kernel_equals_the_slow_version_bit_for_bit(image, size):
    labels = torn(image[:, None], (1, *size))[0]
    connected, left = connected_plane(labels, size, image)
    expected, expected_left = reference.connect(labels, image, size)
    assert np.array_equal(connected, expected)
    assert len(left) == expected_left


@settings(max_examples=60)
@given(st.data())
def test_the_kernel_equals_the_slow_version_on_masked_volumes(data):
    image = data.draw(images(largest=14, dtypes=(np.float32,), axes=3))
    size = data.draw(volume_sizes)
    labels = np.where(data.draw(masks(image.shape[1:])), torn(image, size), np.int32(-1))
    connected, left = connect(labels, image, size)
    expected, expected_left = reference.connect(labels, image, size)
    assert np.array_equal(connected, expected)
    assert len(left) == expected_left


@settings(max_examples=60)
@given(st.data())
def test_what_is_not_left_over_is_in_one_piece(data):
    axes = data.draw(st.sampled_from((2, 3)))
    image = data.draw(images(largest=48 if axes == 2 else 16, dtypes=(np.float32,), axes=axes))
    size = data.draw(sizes if axes == 2 else volume_sizes)
    volume, triple = image.reshape(image.shape[0], *(1,) * (3 - axes), *image.shape[1:]), (1,) * (3 - axes) + size
    connected, left = connect(torn(volume, triple), volume, triple)
    whole = connected.copy()
    whole[tuple(left.T)] = -1
    for number in np.unique(whole[whole >= 0]):
        assert ndimage.label(whole == number)[1] == 1


def test_connected_labels_stay_as_they_are():
    labels = np.kron(np.arange(12).reshape(3, 4), np.ones((8, 8), int)).astype(np.int32)
    connected, left = connected_plane(labels, (8, 8))
    assert np.array_equal(connected, labels)
    assert len(left) == 0


def test_a_stray_pixel_goes_to_the_neighbour_that_is_most_alike():
    labels = np.kron(np.arange(4).reshape(2, 2), np.ones((8, 8), int)).astype(np.int32)
    labels[7, 9] = 2  # among pixels of 1, on the rim to 3
    image = np.zeros((1, 16, 16), np.float32)
    image[0, 7:, 8:] = 1
    image[0, 7, 8] = image[0, 7, 10] = 0.5
    connected, _ = connected_plane(labels, (8, 8), image)
    assert connected[7, 9] == 3


def test_between_neighbours_that_are_alike_a_stray_pixel_goes_to_the_lowest_whose_window_holds_it():
    labels = np.kron(np.arange(4).reshape(2, 2), np.ones((8, 8), int)).astype(np.int32)
    labels[7, 9] = 2  # among pixels of 1, on the rim to 3
    connected, left = connected_plane(labels, (8, 8))
    assert connected[7, 9] == 1
    assert len(left) == 0


def test_of_two_pieces_of_one_size_the_first_in_raster_order_is_kept():
    labels = np.kron(np.arange(2).reshape(1, 2), np.ones((8, 8), int)).astype(np.int32)
    labels[:, 3] = 1  # 0 falls into columns 0-2 and 4-7; the rest is larger
    labels[:, 7] = 1
    connected, _ = connected_plane(labels, (8, 8))
    assert np.all(connected[:, :3] == 0)
