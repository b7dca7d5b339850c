import numpy as np
import pytest
from crops import crops_with_margins, random_image, shapes
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from terrazzo.kernels.filters import (
    gaussian,
    gaussian_weights,
    local_mean_and_std,
    masked_gaussian,
    radius,
    sharpen_into,
)

SIGMAS = (0.0, 0.4, 1.0, 2.0, 4.3)
three_sigmas = st.tuples(*[st.sampled_from(SIGMAS)] * 3)
precisions = st.sampled_from([np.float32, np.float64])


@settings(max_examples=60)
@given(shapes, three_sigmas, st.integers(0, 99))
def test_the_gaussian_is_scipys_with_reflecting_borders(shape, sigmas, seed):
    image = random_image(shape, seed)
    expected = ndimage.gaussian_filter(image.astype(float), sigmas, mode="reflect", truncate=4.0)
    assert np.allclose(gaussian(image, sigmas), expected, atol=1e-6)


@settings(max_examples=60)
@given(shapes, three_sigmas, st.sampled_from([1e-20, 1.0, 1e30]), st.integers(0, 99))
def test_summed_in_single_precision_it_differs_by_a_millionth_of_the_largest_value(shape, sigmas, times, seed):
    image = random_image(shape, seed) * np.float32(times)
    away = gaussian(image, sigmas, np.float32).astype(float) - gaussian(image, sigmas)
    assert np.abs(away).max() <= 1e-6 * np.abs(image).max()


@given(shapes, three_sigmas, three_sigmas)
def test_without_a_sigma_across_them_sections_are_smoothed_alone(shape, sigmas, others):
    image = random_image(shape)
    smooth = gaussian(image, (0.0, *sigmas[1:]))
    for section, result in zip(image, smooth, strict=True):
        assert np.array_equal(gaussian(section[None], (others[0], *sigmas[1:]))[0], result)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.0, 7.9, 64.0])
def test_gaussian_weights_sum_to_one_and_follow_the_exponential(sigma):
    weights = gaussian_weights(sigma)
    offsets = np.arange(radius(sigma) + 1)
    assert weights.shape == offsets.shape
    assert weights[0] + 2 * weights[1:].sum() == pytest.approx(1, abs=1e-14)
    assert np.allclose(weights / weights[0], np.exp(-0.5 * (offsets / sigma) ** 2), rtol=1e-12)


def test_without_a_sigma_the_image_stays_as_it_is():
    image = random_image((3, 7, 9))
    assert np.array_equal(gaussian(image, (0.0, 0.0, 0.0)), image)


@settings(max_examples=60)
@given(st.data(), shapes, three_sigmas)
def test_the_masked_gaussian_is_the_mean_of_the_pixels_inside_by_their_weights(data, shape, sigmas):
    image, mask = random_image(shape, 2), random_image(shape, data.draw(st.integers(0, 99))) > 0.3
    over, under = (
        ndimage.gaussian_filter(values.astype(float), sigmas, mode="reflect", truncate=4.0)
        for values in (np.where(mask, image, 0), mask)
    )
    expected = np.where(mask, over / np.where(mask, under, 1), 0)
    assert np.allclose(masked_gaussian(np.where(mask, image, np.float32(np.nan)), mask, sigmas), expected, atol=1e-5)


@settings(max_examples=60)
@given(st.data(), st.tuples(st.integers(1, 12), st.integers(1, 40), st.integers(1, 40)), three_sigmas, precisions)
def test_out_of_reach_of_what_is_masked_the_masked_gaussian_has_the_gaussians_bits(data, shape, sigmas, precision):
    image, mask = random_image(shape, 4), np.ones(shape, bool)
    mask[tuple(data.draw(st.integers(0, n - 1)) for n in shape)] = False
    reached = ndimage.maximum_filter(~mask, [2 * radius(sigma) + 1 for sigma in sigmas])
    smooth = masked_gaussian(image, mask, sigmas, precision)
    assert np.array_equal(smooth[~reached], gaussian(image, sigmas, precision)[~reached])
    assert not smooth[~mask].any()


@pytest.mark.parametrize("sigma", [*SIGMAS, 0.77, 9.1])
def test_the_gaussian_of_a_full_mask_is_exactly_one(sigma):
    assert (gaussian(np.ones((11, 17, 45), np.float32), (sigma, sigma / 2, sigma)) == 1).all()


@given(shapes, three_sigmas)
def test_a_mask_that_hides_nothing_changes_nothing_and_one_that_hides_all_leaves_zeros(shape, sigmas):
    image = random_image(shape)
    assert np.array_equal(masked_gaussian(image, np.ones(shape, bool), sigmas), gaussian(image, sigmas))
    assert not masked_gaussian(image * np.float32(np.nan), np.zeros(shape, bool), sigmas).any()


@settings(max_examples=60)
@given(shapes, st.sampled_from(SIGMAS[1:]), st.sampled_from([0.0, 300.0]))
def test_the_local_deviation_is_that_of_the_gaussian_window_of_each_section(shape, sigma, offset):
    image = random_image(shape, offset=offset)
    mean, std = local_mean_and_std(image, sigma)
    exact, sigmas = image.astype(float) - offset, (0, sigma, sigma)
    blurred, squares = (ndimage.gaussian_filter(v, sigmas, mode="reflect") for v in (exact, exact**2))
    assert np.allclose(mean, blurred + offset, atol=1e-4)
    assert np.allclose(std, np.sqrt(np.maximum(squares - blurred**2, 0)), atol=1e-3)


@given(shapes, st.sampled_from(SIGMAS))
def test_the_local_mean_is_the_gaussian_of_each_section(shape, sigma):
    image = random_image(shape)
    assert np.array_equal(local_mean_and_std(image, sigma)[0], gaussian(image, (0.0, sigma, sigma)))


def test_a_constant_image_has_no_local_deviation():
    _, std = local_mean_and_std(np.full((2, 9, 9), 1234.5, np.float32), 2.0)
    assert np.allclose(std, 0, atol=1e-4)


@settings(max_examples=100)
@given(st.data(), three_sigmas, precisions)
def test_a_crop_with_its_margin_gives_the_bits_of_the_whole_gaussian(data, sigmas, precision):
    image = random_image((9, 45, 61), seed=3)
    kept, around, inner = data.draw(crops_with_margins(image.shape, [radius(sigma) for sigma in sigmas]))
    part = gaussian(image[around], sigmas, precision)
    assert np.array_equal(part[inner], gaussian(image, sigmas, precision)[kept])


@settings(max_examples=60)
@given(st.data(), three_sigmas, precisions)
def test_a_crop_with_its_margin_gives_the_bits_of_the_whole_masked_gaussian(data, sigmas, precision):
    image, mask = random_image((9, 45, 61), seed=3), random_image((9, 45, 61), seed=6) < 1.5
    kept, around, inner = data.draw(crops_with_margins(image.shape, [radius(sigma) for sigma in sigmas]))
    part = masked_gaussian(image[around], mask[around], sigmas, precision)
    assert np.array_equal(part[inner], masked_gaussian(image, mask, sigmas, precision)[kept])


@settings(max_examples=40)
@given(st.data(), st.sampled_from(SIGMAS))
def test_a_crop_with_its_margin_gives_the_bits_of_the_whole_local_statistics(data, sigma):
    image = random_image((4, 45, 61), seed=3)
    kept, around, inner = data.draw(crops_with_margins(image.shape, (0, radius(sigma), radius(sigma))))
    for whole, part in zip(local_mean_and_std(image, sigma), local_mean_and_std(image[around], sigma), strict=True):
        assert np.array_equal(part[inner], whole[kept])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_margin_one_pixel_short_shows(axis):
    image = random_image((40, 40, 40), seed=1)
    kept = (slice(17, 23),) * 3
    margins = [radius(2.0) - (along == axis) for along in range(3)]
    around = tuple(slice(17 - margin, 23 + margin) for margin in margins)
    inner = tuple(slice(margin, margin + 6) for margin in margins)
    assert not np.array_equal(gaussian(image[around], (2.0, 2.0, 2.0))[inner], gaussian(image, (2.0, 2.0, 2.0))[kept])


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([0.0, 0.7, 2.0]), st.integers(0, 2**32 - 1))
def test_what_is_sharpened_row_by_row_has_the_bits_of_two_gaussians(height, width, sigma, seed):
    section = random_image((1, height, width), seed)[0]
    inside = (slice(height // 3, height), slice(width // 4, width - width // 4))
    near, far = (gaussian(section[None], (0.0, 1.0, each), np.float32)[(0, *inside)] for each in (sigma, 4 * sigma))
    found = np.empty(near.shape, np.float32)
    sharpen_into(section, (1.0, sigma), (1.0, 4 * sigma), inside, found)
    assert np.array_equal(found, (near - far) * np.float32(0.5) + near)
