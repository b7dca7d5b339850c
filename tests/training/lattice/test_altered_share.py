import numpy as np
import pytest

from terrazzo.training.lattice.altered_share import LEAST_ALTERED, altered_share


def images(*moments, number=500):
    """Intensities of images with such means and deviations, each in two parts."""
    drawn = np.random.default_rng(0).normal(size=(number, 1)).astype(np.float32)
    return [np.array_split(drawn * std + mean, 2) for mean, std in moments]


def test_exposures_are_altered_by_what_images_differ_by():
    alike, brighter, stronger = ((10, 2), (10, 2), (10, 2)), ((10, 2), (12, 2), (9, 2)), ((10, 2), (10, 3), (10, 2))
    assert altered_share(images(*alike), 0.25, 0.3) == pytest.approx(LEAST_ALTERED)
    assert altered_share(images((10, 2), (10.1, 2), (10, 2)), 0.25, 0.3) == pytest.approx(0.38, abs=0.05)
    for moments in (brighter, stronger, alike[:1]):
        assert altered_share(images(*moments), 0.25, 0.3) == 1
