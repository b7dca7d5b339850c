import numpy as np
import pytest

import terrazzo as tz
from terrazzo.regions.statistics.features import LATTICE_FEATURES, column_names
from terrazzo.training.rules.boundary_scale import with_contrast
from terrazzo.training.rules.exposure import Exposure, drawn_exposure

FACTOR, MOVED = np.array([1.5, 0.6], np.float32), np.array([7.0, -20.0], np.float32)


@pytest.fixture(scope="module")
def graphs():
    """The graph of an image of two channels, and that of the same superpixels with the channels at other exposures."""
    image = np.random.default_rng(0).normal(100, 30, (2, 48, 48)).astype(np.float32)
    altered = image * FACTOR[:, None, None] + MOVED[:, None, None]
    labels, lattice = tz.superpixels(image, size=8).compute(), tz.Lattice.of(image, size=8)
    make = lambda one: tz.region_graph(one, labels, lattice=lattice, features=LATTICE_FEATURES).compute()  # noqa: E731
    return make(image), make(altered)


def test_what_is_measured_follows_the_exposure_of_each_channel(graphs):
    plain, altered = graphs
    exposure = Exposure.of(column_names(LATTICE_FEATURES, 2), 2)
    assert np.allclose(
        exposure.altered(plain.node_features, FACTOR, MOVED), altered.node_features, rtol=1e-3, atol=0.05
    )
    assert np.allclose(with_contrast(plain.edge_features, FACTOR), altered.edge_features, rtol=1e-3, atol=0.05)


def test_channels_are_altered_by_themselves_and_one_alone_as_a_number_would_be():
    units = np.array([10.0, 100.0], np.float32)
    drawn = [drawn_exposure(np.random.default_rng(seed), 0.25, 0.3, units) for seed in range(400)]
    factors, moved = (np.stack(one) for one in zip(*drawn, strict=True))
    assert np.log(factors).std(axis=0) == pytest.approx([0.25, 0.25], rel=0.1)
    assert moved.std(axis=0) == pytest.approx(0.3 * units, rel=0.1)
    assert abs(np.corrcoef(np.log(factors).T)[0, 1]) < 0.15
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.15
    rng = np.random.default_rng(3)
    factor, by = drawn_exposure(np.random.default_rng(3), 0.25, 0.3, units[:1])
    assert factor == np.float32(np.exp(rng.normal(0, 0.25)))
    assert by == np.float32(rng.normal(0, 0.3) * units[0])
