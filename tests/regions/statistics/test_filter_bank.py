import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from segmented import blobs

from terrazzo.blocks import Box
from terrazzo.kernels.measures.moments import areas
from terrazzo.regions.statistics.features import SCALES, Regions
from terrazzo.regions.statistics.filter_bank import RESPONSES, SIGMAS, bank_columns, bank_window, filter_bank

SHAPE = (230, 210)


@pytest.fixture(scope="module")
def image():
    return blobs(SHAPE)


def everywhere(image, core):
    box = bank_window(core, image.shape[1:])
    places = [place.ravel() + start for place, start in zip(np.indices(core.shape), core.start, strict=True)]
    return filter_bank(image[(slice(None), *box.slices)], box, tuple(places))


@given(st.tuples(*(st.integers(0, 180),) * 2), st.tuples(*(st.integers(1, 30),) * 2))
def test_responses_are_the_same_in_any_window(image, start, shape):
    core = Box(start, tuple(a + b for a, b in zip(start, shape, strict=True)))
    whole = everywhere(image, Box((0, 0), SHAPE)).reshape(-1, *SHAPE)
    assert np.array_equal(everywhere(image, core), whole[(slice(None), *core.slices)].reshape(len(whole), -1))


def test_their_means_over_regions_are_what_superpixels_are_measured_by(image):
    index = (np.indices(SHAPE)[0] // 40 * 6 + np.indices(SHAPE)[1] // 40).astype(np.int32)
    area = areas(index, int(index.max()) + 1)
    rows = dict(zip(bank_columns(image.shape[0]), everywhere(image, Box((0, 0), SHAPE)), strict=True))
    for sigma, statistic in zip(SIGMAS, SCALES, strict=False):
        pooled = statistic.measure(Regions(image[0], index, area, (0, 0)))
        for name, column in zip(RESPONSES, pooled[:, ::2].T, strict=True):
            mean = ndimage.mean(rows[f"{name}{sigma}_0"].reshape(SHAPE), index, np.arange(area.size))
            assert np.allclose(mean, column, rtol=1e-4, atol=1e-5)
