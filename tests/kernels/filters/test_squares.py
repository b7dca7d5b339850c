import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structure_tensors import structure_eigenvalues

from terrazzo.kernels.filters import gradient_and_laplacian, hessian_eigenvalues
from terrazzo.kernels.filters.squares import squares_hold

FILTERS = {
    "gradient": gradient_and_laplacian,
    "hessian": lambda image: hessian_eigenvalues(image, 2.0),
    "structure": lambda image: structure_eigenvalues(image, 2.0),
    "coarse structure": lambda image: structure_eigenvalues(image, 2.0, coarse=True),
}


def smooth(seed, shape=(2, 13, 19)):
    """An image with places without any difference."""
    image = np.random.default_rng(seed).uniform(0.25, 1, shape).astype(np.float32)
    image[:, :4] = 0
    return image


@pytest.mark.parametrize("name", FILTERS)
@given(st.integers(0, 99), st.sampled_from([-66, -40, 40, 64, 100, 116]))
def test_an_image_times_a_power_of_two_has_the_same_bits_times_it(name, seed, power):
    factor = np.float32(2.0**power)
    image = smooth(seed)
    for found, expected in zip(FILTERS[name](image * factor), FILTERS[name](image), strict=True):
        assert found.dtype == np.float32
        assert np.array_equal(found, expected * factor)


@pytest.mark.parametrize("name", FILTERS)
def test_where_float32_runs_out_of_digits_only_the_last_ones_differ(name):
    image, factor = smooth(0), 2.0**-116
    for found, expected in zip(FILTERS[name](image * np.float32(factor)), FILTERS[name](image), strict=True):
        assert np.allclose(found / factor, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("value", [1e-30, 1e-17, 1e22, 1e36, -1e36])
@pytest.mark.parametrize("name", FILTERS)
def test_one_extreme_value_changes_no_bit_out_of_its_reach(name, value):
    image = smooth(1, (1, 40, 60))
    extreme = image.copy()
    extreme[0, 30, 50] = value
    for found, expected in zip(FILTERS[name](extreme), FILTERS[name](image), strict=True):
        half = found.shape[2] // 2
        assert np.isfinite(found).all()
        assert np.array_equal(found[..., :half], expected[..., :half])


@pytest.mark.parametrize(
    ("values", "held"),
    [([0, 1], True), ([0, -1], True), ([0, 0], True), ([1e-11, -1e18], True), ([0, 1e-12], False), ([1, -1e-12], False),
     ([0, 1.1e18], False), ([0, -1.1e18], False), ([1e-45, 1], False)],
)  # fmt: skip
def test_squares_hold_where_no_value_but_0_is_extreme(values, held):
    assert squares_hold(np.array(values, np.float32).reshape(1, 1, -1)) == held
