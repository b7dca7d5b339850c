"""Images of any magnitude: the answer is that of the image scaled to 1, or there is a sentence."""

import dask.array as da
import numpy as np
import pytest
from segmented import blobs

import terrazzo as tz
from terrazzo.errors import InputError
from terrazzo.regions.statistics.features import LATTICE_FEATURES

IMAGE = (blobs((70, 90), channels=2) + np.random.default_rng(0).normal(0, 0.05, (2, 70, 90))).astype(np.float32)
MAGNITUDES = [1e-35, 1e-30, 1e-20, 1e-9, 1e9, 1e19, 1e25, 1e32, 1e35]


def scaled(magnitude):
    return (IMAGE.astype(np.float64) * magnitude).astype(np.float32)


def graph_of(image, **options):
    lattice = tz.Lattice.of(image, size=8)
    labels = tz.superpixels(image, lattice)
    return tz.region_graph(image, labels, lattice=lattice, features=LATTICE_FEATURES, **options).compute()


@pytest.mark.parametrize("magnitude", MAGNITUDES)
def test_superpixels_and_what_is_measured_are_those_of_the_image_scaled_to_1(magnitude):
    image = scaled(magnitude)
    assert np.array_equal(tz.superpixels(image, size=8).compute(), tz.superpixels(IMAGE, size=8).compute())
    found, expected = graph_of(image), graph_of(IMAGE)
    spread = expected.node_features.std(axis=0)
    moved = found.node_features[:, 1:] / magnitude - expected.node_features[:, 1:]
    assert np.abs(moved / spread[1:]).max() < 2e-3
    assert np.allclose(found.edge_features[:, 1:] / magnitude, expected.edge_features[:, 1:], rtol=1e-4)


@pytest.mark.parametrize("value", [1e-25, 1e22])
def test_blocks_and_chunks_change_no_bit_beside_extreme_values(value):
    image = IMAGE.copy()
    image[:, 50:, 60:] = value
    whole, parts = (
        graph_of(each, block=block) for each, block in ((image, 500), (da.from_array(image, (2, 31, 40)), 16))
    )
    assert np.array_equal(whole.node_features, parts.node_features)
    assert np.array_equal(whole.edge_features, parts.edge_features)


def test_values_beyond_the_bound_and_beyond_the_scale_are_refused():
    image = IMAGE.copy()
    image[1, 40, 50] = 1e37
    with pytest.raises(InputError, match=r"in channel 1 at pixel \(y, x\) = \(40, 50\); .*above 1e\+36"):
        graph_of(image)
    with pytest.raises(InputError, match=r"above 1e\+17, 1e\+17 times the intensity scale"):
        tz.superpixels(scaled(1e20), tz.SuperpixelParameters(size=(8, 8), scale=1.0)).compute()
    with pytest.raises(
        InputError, match=r"the intensity scale is .*e-41, and below 1e-36 single precision has too few"
    ):
        tz.superpixels(IMAGE.astype(np.float64) * 1e-40, size=8).compute()


def test_huge_values_outside_a_mask_count_for_nothing():
    image, inside = IMAGE.copy(), np.ones((70, 90), bool)
    inside[50:, 60:] = False
    zero = np.where(inside, image, 0)
    image[:, ~inside] = -3.4e38
    lattice = tz.Lattice.of(image, size=8)
    labels = tz.superpixels(image, lattice, mask=inside)
    assert np.array_equal(labels.compute(), tz.superpixels(zero, lattice, mask=inside).compute())
    found, expected = (
        tz.region_graph(each, labels, lattice=lattice, features=LATTICE_FEATURES).compute() for each in (image, zero)
    )
    assert np.array_equal(found.node_features, expected.node_features)
