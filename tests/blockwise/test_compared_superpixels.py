"""What superpixels compare: the range of values does not matter, colours and weights do."""

import dask.array as da
import numpy as np
import pytest
from segmented import blobs
from skimage.color import rgb2lab

import terrazzo as tz

IMAGE = blobs((90, 110), 3)
IMAGE = (IMAGE - IMAGE.min()) / np.ptp(IMAGE)


def lattice_labels(shape, size):
    rows, columns = np.indices(shape) // size
    return rows * -(-shape[1] // size) + columns + 1


def test_a_narrow_range_of_16_bits_does_not_turn_into_squares():
    narrow = (1000 + np.round(40 * IMAGE[0])).astype(np.uint16)
    labels = tz.superpixels(narrow, 8).compute()
    assert np.mean(labels != lattice_labels(narrow.shape, 8)) > 0.15
    unit = (narrow.astype(np.float64) - 1000) / 40
    assert np.mean(labels == tz.superpixels(unit, 8).compute()) > 0.999  # but for rounding
    explicit = tz.superpixels(unit, 8, scale=float(unit.std())).compute()
    assert np.mean(labels == explicit) > 0.999


def test_superpixels_follow_an_edge_of_few_grey_levels():
    rows, columns = np.indices((64, 64))
    right = columns + rows / 3 > 40
    noise = np.random.default_rng(0).integers(0, 4, right.shape)
    image = (1000 + 30 * right + noise).astype(np.uint16)
    labels = tz.superpixels(image, 8, sigma=0).compute()
    sides = np.stack([np.bincount(labels[side], minlength=labels.max() + 1) for side in (right, ~right)])
    squares = lattice_labels(right.shape, 8)
    square_sides = np.stack([np.bincount(squares[side], minlength=squares.max() + 1) for side in (right, ~right)])
    assert sides.min(axis=0).sum() < 0.1 * square_sides.min(axis=0).sum()


def test_a_factor_and_its_scale_leave_the_labels_as_they_are():
    weak = (IMAGE * 256).astype(np.uint16)
    expected = tz.superpixels(weak, 8, scale=32).compute()
    assert np.array_equal(tz.superpixels(weak * 128, 8, scale=32 * 128).compute(), expected)


def test_lab_compares_the_colours_that_scikit_image_converts_to():
    image = (IMAGE * 255).astype(np.uint8)
    converted = rgb2lab(image, channel_axis=0).astype(np.float32)
    labels = tz.superpixels(da.from_array(image, chunks=(1, 40, 50)), 8, colour="lab", scale=9.0, block=40).compute()
    assert np.mean(labels == tz.superpixels(converted, 8, scale=9.0).compute()) > 0.999
    assert np.mean(labels == tz.superpixels(image, 8, scale=9.0).compute()) < 0.99


def test_the_scale_is_estimated_of_the_weighted_colours():
    weights = (0.5, 2, 2)
    converted = rgb2lab(IMAGE, channel_axis=0) * np.reshape(weights, (3, 1, 1))
    labels = tz.superpixels(IMAGE, 8, colour="lab", weights=weights).compute()
    assert np.mean(labels == tz.superpixels(converted.astype(np.float32), 8).compute()) > 0.999


def test_a_channel_without_weight_does_not_count():
    labels = tz.superpixels(IMAGE, 8, weights=(1, 0, 0)).compute()
    assert np.array_equal(labels, tz.superpixels(IMAGE[:1], 8).compute())


def test_one_factor_for_all_weights_changes_nothing():
    expected = tz.superpixels(IMAGE, 8, weights=(1, 1, 1)).compute()
    assert np.array_equal(expected, tz.superpixels(IMAGE, 8).compute())
    assert np.array_equal(tz.superpixels(IMAGE, 8, weights=(4, 4, 4)).compute(), expected)


@pytest.mark.parametrize(
    "options", [{"colour": "lab"}, {"weights": (1, 2, 3)}, {"colour": "lab", "weights": (1, 2, 0)}]
)
def test_chunks_and_blocks_do_not_change_colours(options):
    expected = tz.superpixels(IMAGE, 8, **options).compute()
    chunked = da.from_array(IMAGE, chunks=(2, 37, 91))
    assert np.array_equal(tz.superpixels(chunked, 8, **options, block=32).compute(), expected)
