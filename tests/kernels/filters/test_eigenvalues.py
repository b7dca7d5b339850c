import numpy as np
import pytest
from crops import crops_with_margins, random_image, shapes
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.feature import hessian_matrix, hessian_matrix_eigvals, structure_tensor, structure_tensor_eigenvalues
from structure_tensors import structure_eigenvalues

from terrazzo.kernels.filters import gaussian, halved, hessian_eigenvalues, radius

SIGMAS = (1.0, 2.0, 2.7)
KINDS = {
    "hessian": (hessian_eigenvalues, lambda sigma: 1),  # noqa: ARG005
    "structure": (structure_eigenvalues, lambda sigma: 1 + radius(2 * sigma)),
}


def differences(section, axis):
    return ndimage.correlate1d(section, [-0.5, 0, 0.5], axis=axis, mode="reflect")


def eigenvalues(yy, yx, xx):
    """The larger and the smaller eigenvalue of a symmetric matrix at each pixel, by LAPACK."""
    found = np.linalg.eigvalsh(np.stack([np.stack([yy, yx], -1), np.stack([yx, xx], -1)], -2))
    return found[..., 1], found[..., 0]


@given(shapes, st.sampled_from(SIGMAS), st.integers(0, 99))
def test_of_the_hessian_they_are_those_of_the_matrix_of_differences(shape, sigma, seed):
    image = random_image(shape, seed)
    section = image.astype(float)
    yy, xx = (ndimage.correlate1d(section, [1, -2, 1], axis=axis, mode="reflect") for axis in (1, 2))
    expected = eigenvalues(yy, differences(differences(section, 1), 2), xx)
    for found, exact in zip(hessian_eigenvalues(image, sigma), expected, strict=True):
        assert np.allclose(found, sigma**2 * exact, atol=1e-5 * sigma**2)


@given(shapes, st.sampled_from(SIGMAS), st.booleans(), st.integers(0, 99))
def test_of_the_structure_tensor_they_are_those_of_the_matrix_of_smoothed_products(shape, sigma, coarse, seed):
    image = random_image(shape, seed)
    dy, dx = (sigma * differences(image.astype(float), axis) for axis in (1, 2))
    products = [dy * dy, dy * dx, dx * dx]
    if coarse:
        products = [halved(product.astype(np.float32)).astype(float) for product in products]
    across = sigma if coarse else 2 * sigma
    expected = eigenvalues(*(ndimage.gaussian_filter(product, (0, across, across)) for product in products))
    # of the squares: a root magnifies what rounding leaves of a zero
    for found, exact in zip(structure_eigenvalues(image, sigma, coarse=coarse), expected, strict=True):
        assert np.allclose(found.astype(float) ** 2, exact, atol=1e-5)


@pytest.mark.parametrize("sigma", [2.0, 3.0])
def test_they_are_scikit_images_but_for_the_derivatives(sigma):
    image = random_image((1, 120, 110), 8)
    smooth = gaussian(image, (0.0, sigma, sigma))
    inner = (slice(30, -30),) * 2
    # derivatives of the Gaussian against differences: at the wave numbers that it lets pass, about 3 % at sigma 2
    matrix = hessian_matrix(image[0].astype(float), sigma, mode="reflect", order="rc", use_gaussian_derivatives=True)
    theirs = sigma**2 * hessian_matrix_eigvals(matrix)
    for found, expected in zip(hessian_eigenvalues(smooth, sigma), theirs, strict=True):
        assert np.abs(found[0] - expected)[inner].max() < 0.08 * np.abs(theirs).max()
        assert np.corrcoef(found[0][inner].ravel(), expected[inner].ravel())[0, 1] > 0.998
    # Sobel's differences are 8 times central ones and smooth a little across
    tensor = structure_tensor(smooth[0].astype(float), 2 * sigma, mode="reflect", order="rc")
    theirs = sigma / 8 * np.sqrt(structure_tensor_eigenvalues(tensor))
    for found, expected in zip(structure_eigenvalues(smooth, sigma), theirs, strict=True):
        assert np.allclose(found[0][inner], expected[inner], rtol=0.12)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=50)
@given(data=st.data(), sigma=st.sampled_from(SIGMAS))
def test_a_crop_with_its_margin_gives_the_bits_of_the_whole(kind, data, sigma):
    eigenvalues_of, margin_of = KINDS[kind]
    image = random_image((2, 70, 65), seed=3)
    kept, around, inner = data.draw(crops_with_margins(image.shape, (0, margin_of(sigma), margin_of(sigma))))
    for whole, part in zip(eigenvalues_of(image, sigma), eigenvalues_of(image[around], sigma), strict=True):
        assert np.array_equal(part[inner], whole[kept])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("axis", [1, 2])
def test_a_margin_one_pixel_short_shows(kind, axis):
    eigenvalues_of, margin_of = KINDS[kind]
    image = random_image((1, 60, 60), seed=1)
    margins = [0, *(margin_of(2.0) - (along == axis) for along in (1, 2))]
    bounds = ((0, 1), (27, 33), (27, 33))
    kept = tuple(slice(a, b) for a, b in bounds)
    around = tuple(slice(a - margin, b + margin) for (a, b), margin in zip(bounds, margins, strict=True))
    inner = tuple(slice(margin, margin + b - a) for (a, b), margin in zip(bounds, margins, strict=True))
    pairs = zip(eigenvalues_of(image, 2.0), eigenvalues_of(image[around], 2.0), strict=True)
    assert not any(np.array_equal(part[inner], whole[kept]) for whole, part in pairs)


@pytest.mark.parametrize("kind", KINDS)
@given(shapes, st.sampled_from(SIGMAS), st.sampled_from([0.125, 4.0]))
def test_they_are_of_first_degree_in_contrast(kind, shape, sigma, contrast):
    eigenvalues_of, _ = KINDS[kind]
    image, factor = random_image(shape), np.float32(contrast)
    for more, once in zip(eigenvalues_of(factor * image, sigma), eigenvalues_of(image, sigma), strict=True):
        assert np.array_equal(more, factor * once)


def test_a_dark_line_bends_across_and_a_spot_both_ways():
    line, spot = np.zeros((1, 41, 41), np.float32), np.zeros((1, 41, 41), np.float32)
    line[0, :, 20] = spot[0, 20, 20] = -1
    for image, smaller_share in ((line, 0.0), (spot, 1.0)):
        larger, smaller = (values[0, 20, 20] for values in hessian_eigenvalues(gaussian(image, (0.0, 2.0, 2.0)), 2.0))
        assert larger > 0
        assert smaller == pytest.approx(smaller_share * larger, abs=1e-6)
