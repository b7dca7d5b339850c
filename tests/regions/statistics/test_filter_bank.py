import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from segmented import blobs

from terrazzo.blocks import Box
from terrazzo.errors import ModelError
from terrazzo.kernels.measures.moments import areas
from terrazzo.regions.statistics.core_responses import CoreResponses
from terrazzo.regions.statistics.features import LATTICE_FEATURES, SCALES, Regions
from terrazzo.regions.statistics.filter_bank import BANKS, EIGEN_BANK, SCALE_BANK, bank_named, responses_at

SHAPE = (230, 210)
STATISTICS = {SCALE_BANK: SCALES[:5], EIGEN_BANK: LATTICE_FEATURES[2:]}
banks = pytest.mark.parametrize("bank", BANKS, ids=lambda bank: bank.name)


@pytest.fixture(scope="module")
def image():
    return blobs(SHAPE, 2)


@pytest.fixture(scope="module")
def whole(image):
    """The responses of each bank everywhere, of the image as one window."""
    return {bank: everywhere(bank, image, Box((0, 0), SHAPE)) for bank in BANKS}


def everywhere(bank, image, core):
    box = bank.window(core, image.shape[1:])
    places = [place.ravel() + start for place, start in zip(np.indices(core.shape), core.start, strict=True)]
    return responses_at(bank, image[(slice(None), *box.slices)], box, tuple(places)).reshape(-1, *core.shape)


def from_strips(bank, image, core):
    box = bank.window(core, image.shape[1:])
    responses = CoreResponses.of(bank, image[(slice(None), *box.slices)], box, core)
    found = np.full((len(bank.columns(len(image))), *core.shape), np.nan, np.float32)
    for inside, strip in responses.strips():
        assert np.isnan(found[(slice(None), *inside)]).all()
        found[(slice(None), *inside)] = strip
    return found


@banks
@settings(max_examples=40)
@given(start=st.tuples(*(st.integers(0, 180),) * 2), shape=st.tuples(*(st.integers(1, 30),) * 2))
def test_responses_are_the_same_in_any_window(bank, image, whole, start, shape):
    core = Box(start, tuple(a + b for a, b in zip(start, shape, strict=True)))
    expected = whole[bank][(slice(None), *core.slices)]
    assert np.array_equal(everywhere(bank, image, core), expected)
    assert np.array_equal(from_strips(bank, image, core), expected)


@banks
def test_a_window_that_is_short_by_two_pixels_shows(bank, image):
    y, x = 12 * bank.alignment, 11 * bank.alignment
    # the outermost weights are so small that only something huge shows
    bright = image.copy()
    bright[:, y + bank.radius - 1 :] += 1e9
    bright[:, :, x + bank.radius - 1 :] += 1e9
    exact = everywhere(bank, bright, Box((0, 0), SHAPE))[:, y, x]
    for short, same in ((0, True), (2, False)):
        box = Box((0, 0), (y + 1 + bank.radius - short, x + 1 + bank.radius - short))
        window = np.ascontiguousarray(bright[(slice(None), *box.slices)])
        found = responses_at(bank, window, box, (np.array([y]), np.array([x])))
        assert np.array_equal(found[:, 0], exact) is same


@banks
def test_of_a_volume_they_are_those_of_its_sections(bank, image):
    volume = np.stack([image, np.flip(image, axis=1), image[:, ::-1, ::-1]], axis=1)
    core = Box((1, 30, 40), (3, 75, 90))
    expected = np.stack([everywhere(bank, volume[:, z], Box((30, 40), (75, 90))) for z in (1, 2)], axis=1)
    assert np.array_equal(from_strips(bank, volume, core), expected)
    assert np.array_equal(everywhere(bank, volume, core), expected)


@banks
def test_strips_hold_some_rows_each_in_order(bank, image):
    core = Box((3, 5), (203, 205))
    box = bank.window(core, SHAPE)
    strips = [inside for inside, _ in CoreResponses.of(bank, image[(slice(None), *box.slices)], box, core).strips()]
    assert len(strips) > 3
    assert [rows.start for rows, _ in strips] == [0, *(rows.stop for rows, _ in strips[:-1])]
    assert strips[-1][0].stop == 200


@banks
def test_their_means_over_regions_are_what_superpixels_are_measured_by(bank, image, whole):
    index = (np.indices(SHAPE)[0] // 40 * 6 + np.indices(SHAPE)[1] // 40).astype(np.int32)
    area = areas(index, int(index.max()) + 1)
    rows = dict(zip(bank.columns(len(image)), whole[bank], strict=True))
    pooled = 0
    for statistic in STATISTICS[bank]:
        found = statistic.measure(Regions(image[0], index, area, (0, 0)))
        for name, column in zip(statistic.columns[::2], found[:, ::2].T, strict=True):
            mean = ndimage.mean(rows[f"{name.removesuffix('_mean')}_0"], index, np.arange(area.size))
            assert np.allclose(mean, column, rtol=1e-4, atol=1e-5)
            pooled += 1
    assert 2 * (1 + pooled) == len(rows)


@banks
def test_brightness_moves_the_columns_that_say_so_and_contrast_scales_all(bank, image):
    # whole numbers and powers of two, so that rounding is the same
    coarse = np.round(image * 64)
    core = Box((20, 20), (200, 190))
    before, brighter, contrasted = (everywhere(bank, values, core) for values in (coarse, coarse + 256, coarse * 4))
    moved = np.abs(brighter - before).max(axis=(1, 2)) > 1
    assert tuple(moved) == bank.moves_with_brightness(len(image))
    assert np.array_equal(contrasted, 4 * before)


def test_the_banks_have_21_and_33_columns_per_channel_with_distinct_names():
    for bank, columns in ((SCALE_BANK, 21), (EIGEN_BANK, 33)):
        names = bank.columns(2)
        assert len(names) == len(set(names)) == 2 * columns
        assert len(bank.levels) == columns
        assert bank_named(bank.name) is bank


@pytest.mark.parametrize("name", ["", "scale", 3, None, ["scale_space"]])
def test_another_name_is_refused(name):
    with pytest.raises(ModelError, match=r"there is no bank of filter responses .*; this terrazzo knows 'scale_space'"):
        bank_named(name)
