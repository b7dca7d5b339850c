import numpy as np
import reference
from hypothesis import given, settings
from scipy import ndimage
from strategies import images, sizes

from terrazzo.kernels.connectivity import connect
from terrazzo.kernels.slic import slic


def torn(image, size):
    """Labels in pieces, as SLIC without compactness makes them."""
    rows, columns = (-(-n // s) for n, s in zip(image.shape[1:], size, strict=True))
    return slic(image, size, 0.05, 3, (0, rows, 0, columns))


@settings(max_examples=120)
@given(images(largest=36, dtypes=(np.float32,)), sizes)
def test_the_kernel_equals_the_slow_version_bit_for_bit(image, size):
    labels = torn(image, size)
    connected, left = connect(labels, size)
    expected, expected_left = reference.connect(labels, size)
    assert np.array_equal(connected, expected)
    assert left.size == expected_left


@settings(max_examples=60)
@given(images(largest=48, dtypes=(np.float32,)), sizes)
def test_what_is_not_left_over_is_in_one_piece(image, size):
    connected, left = connect(torn(image, size), size)
    whole = connected.copy()
    whole.ravel()[left] = -1
    for number in np.unique(whole[whole >= 0]):
        assert ndimage.label(whole == number)[1] == 1


def test_connected_labels_stay_as_they_are():
    labels = np.kron(np.arange(12).reshape(3, 4), np.ones((8, 8), int)).astype(np.int32)
    connected, left = connect(labels, (8, 8))
    assert np.array_equal(connected, labels)
    assert left.size == 0


def test_a_stray_pixel_goes_to_the_lowest_neighbour_whose_window_holds_it():
    labels = np.kron(np.arange(4).reshape(2, 2), np.ones((8, 8), int)).astype(np.int32)
    labels[7, 9] = 2  # among pixels of 1, on the rim to 3
    connected, left = connect(labels, (8, 8))
    assert connected[7, 9] == 1
    assert left.size == 0


def test_of_two_pieces_of_one_size_the_first_in_raster_order_is_kept():
    labels = np.kron(np.arange(2).reshape(1, 2), np.ones((8, 8), int)).astype(np.int32)
    labels[:, 3] = 1  # 0 falls into columns 0-2 and 4-7; the rest is larger
    labels[:, 7] = 1
    connected, _ = connect(labels, (8, 8))
    assert np.all(connected[:, :3] == 0)
