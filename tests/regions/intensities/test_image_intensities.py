import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from terrazzo.regions.intensities.image_intensities import LEVELS, intensities_of, window_intensities

shapes = st.one_of(st.tuples(*[st.integers(1, 90)] * 2), st.tuples(*[st.integers(1, 22)] * 3))


@given(shapes, st.sampled_from(["u1", "u2", "i2", "f4", "f8", "?"]), st.integers(1, 3), st.integers(0, 2**32))
def test_levels_are_the_middles_of_a_thousand_parts_of_what_is_there(shape, dtype, channels, seed):
    window = (np.random.default_rng(seed).random((channels, *shape)) * 200).astype(dtype)
    found = intensities_of([window_intensities(window)])
    assert found.dtype == str(np.dtype(dtype))
    counted = window_intensities(window).shape[1]
    for own, levels in zip(window_intensities(window), found.levels, strict=True):
        expected = [sorted(own.tolist())[int((i + 0.5) / LEVELS * counted)] for i in (0, 1, 250, 499, 500, 998, 999)]
        assert levels[[0, 1, 250, 499, 500, 998, 999]].tolist() == expected
        assert np.all(np.diff(levels) >= 0)


@given(shapes)
def test_of_a_small_window_every_pixel_counts_and_of_a_large_one_every_nth(shape):
    window = np.arange(np.prod(shape)).reshape(1, *shape)
    found = window_intensities(window)
    step = next(n for n in range(1, 100) if window.size <= 4096 * n ** len(shape))
    assert found.ravel().tolist() == window[0][(slice(None, None, step),) * len(shape)].ravel().tolist()


@given(hnp.arrays(np.float32, (2, 9, 8), elements=st.sampled_from([0, 1, np.nan, np.inf])), st.integers(0, 2**32))
def test_only_pixels_count_that_are_finite_in_all_channels_and_inside_the_mask(window, seed):
    mask = np.random.default_rng(seed).random((9, 8)) < 0.5
    kept = [window[:, y, x] for y in range(9) for x in range(8) if mask[y, x] and np.isfinite(window[:, y, x]).all()]
    assert window_intensities(window, mask).T.tolist() == [list(map(float, pixel)) for pixel in kept]


def test_windows_are_pooled_and_of_nothing_there_is_nothing():
    windows = [np.zeros((1, 30), np.uint8), np.full((1, 70), 9, np.uint8)]
    levels = intensities_of(windows).levels[0]
    assert levels.tolist() == [0.0] * 300 + [9.0] * 700
    assert intensities_of([np.empty((1, 0), np.uint8)] * 2) is None


@pytest.mark.parametrize("value", [2**63, 2**64 - 1])
def test_the_highest_whole_numbers_do_not_wrap(value):
    assert intensities_of([np.full((1, 5), value, np.uint64)]).levels.max() == float(value)
