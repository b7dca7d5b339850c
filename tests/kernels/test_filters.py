import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import block_reduce

from terrazzo.kernels.filters import (
    gaussian,
    gaussian_weights,
    gradient_and_laplacian,
    halved,
    local_mean_and_std,
    radius,
)

SIGMAS = (0.0, 0.4, 1.0, 2.0, 4.3)
shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))


def random_image(shape, seed=0, offset=0.0):
    return (np.random.default_rng(seed).standard_normal(shape) + offset).astype(np.float32)


@st.composite
def crops(draw, extent):
    """Return the bounds of a window of at least one pixel along an axis."""
    start = draw(st.integers(0, extent - 1))
    return start, draw(st.integers(start + 1, extent))


@settings(max_examples=60)
@given(shapes, st.sampled_from(SIGMAS), st.integers(0, 99))
def test_the_gaussian_is_scipys_with_reflecting_borders(shape, sigma, seed):
    image = random_image(shape, seed)
    expected = ndimage.gaussian_filter(image.astype(float), sigma, mode="reflect", truncate=4.0)
    assert np.allclose(gaussian(image, sigma), expected, atol=1e-6)


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.0, 7.9, 64.0])
def test_gaussian_weights_sum_to_one_and_follow_the_exponential(sigma):
    weights = gaussian_weights(sigma)
    offsets = np.arange(radius(sigma) + 1)
    assert weights.shape == offsets.shape
    assert weights[0] + 2 * weights[1:].sum() == pytest.approx(1, abs=1e-14)
    assert np.allclose(weights / weights[0], np.exp(-0.5 * (offsets / sigma) ** 2), rtol=1e-12)


def test_without_a_sigma_the_image_stays_as_it_is():
    image = random_image((7, 9))
    assert np.array_equal(gaussian(image, 0.0), image)


@settings(max_examples=60)
@given(shapes, st.sampled_from(SIGMAS[1:]), st.sampled_from([0.0, 300.0]))
def test_the_local_deviation_is_that_of_the_gaussian_window(shape, sigma, offset):
    image = random_image(shape, offset=offset)
    mean, std = local_mean_and_std(image, sigma)
    exact = image.astype(float) - offset
    blurred, squares = (ndimage.gaussian_filter(v, sigma, mode="reflect") for v in (exact, exact**2))
    assert np.allclose(mean, blurred + offset, atol=1e-4)
    assert np.allclose(std, np.sqrt(np.maximum(squares - blurred**2, 0)), atol=1e-3)


def test_a_constant_image_has_no_local_deviation():
    _, std = local_mean_and_std(np.full((9, 9), 1234.5, np.float32), 2.0)
    assert np.allclose(std, 0, atol=1e-4)


@given(shapes)
def test_gradient_and_laplacian_are_those_of_the_correlations(shape):
    image = random_image(shape)
    dy, dx = (ndimage.correlate1d(image.astype(float), [-0.5, 0, 0.5], axis=axis, mode="reflect") for axis in (0, 1))
    gradient, laplacian = gradient_and_laplacian(image)
    assert np.allclose(gradient, np.hypot(dy, dx), atol=1e-5)
    assert np.allclose(laplacian, ndimage.laplace(image.astype(float), mode="reflect"), atol=1e-5)


@given(shapes)
def test_a_halved_image_holds_the_means_of_2_by_2_pixels(shape):
    image = random_image(shape)
    padded = np.pad(image.astype(float), [(0, n % 2) for n in shape], mode="edge")
    assert np.allclose(halved(image), block_reduce(padded, (2, 2), np.mean), atol=1e-6)


@settings(max_examples=80)
@given(st.data(), st.sampled_from(SIGMAS), st.sampled_from(["gaussian", "mean_and_std"]))
def test_a_crop_with_its_margin_gives_the_bits_of_the_whole(data, sigma, which):
    image = random_image((45, 61), seed=3)
    (y0, y1), (x0, x1) = data.draw(crops(45)), data.draw(crops(61))
    top, left = max(0, y0 - radius(sigma)), max(0, x0 - radius(sigma))
    crop = image[top : y1 + radius(sigma), left : x1 + radius(sigma)]

    def filtered(pixels):
        return [gaussian(pixels, sigma)] if which == "gaussian" else local_mean_and_std(pixels, sigma)

    for whole, part in zip(filtered(image), filtered(crop), strict=True):
        kept = part[y0 - top : y1 - top, x0 - left : x1 - left]
        assert np.array_equal(kept, whole[y0:y1, x0:x1])


def test_a_margin_one_pixel_short_shows():
    image = random_image((40, 40), seed=1)
    whole, short = gaussian(image, 2.0), radius(2.0) - 1
    part = gaussian(image[15 - short : 25 + short, 15 - short : 25 + short], 2.0)
    assert not np.array_equal(part[short:-short, short:-short], whole[15:25, 15:25])


@given(st.data())
def test_differences_need_a_margin_of_one_pixel(data):
    image = random_image((30, 33), seed=5)
    (y0, y1), (x0, x1) = data.draw(crops(30)), data.draw(crops(33))
    top, left = max(0, y0 - 1), max(0, x0 - 1)
    crop = np.ascontiguousarray(image[top : y1 + 1, left : x1 + 1])
    for whole, part in zip(gradient_and_laplacian(image), gradient_and_laplacian(crop), strict=True):
        assert np.array_equal(part[y0 - top : y1 - top, x0 - left : x1 - left], whole[y0:y1, x0:x1])


@given(st.data(), st.integers(1, 3))
def test_a_pyramid_that_starts_at_a_multiple_gives_the_bits_of_the_whole(data, levels):
    image, side = random_image((53, 70), seed=7), 2**levels
    top, left = (side * data.draw(st.integers(0, (n - 1) // side)) for n in image.shape)
    whole, part = image, np.ascontiguousarray(image[top:, left:])
    for _ in range(levels):
        whole, part = halved(whole), halved(part)
    assert np.array_equal(part, whole[top // side :, left // side :])


def test_a_pyramid_that_starts_elsewhere_differs():
    image = random_image((16, 16))
    assert not np.array_equal(halved(np.ascontiguousarray(image[1:, 1:]))[:-1, :-1], halved(image)[1:, 1:])
