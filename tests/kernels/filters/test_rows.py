import numpy as np
import pytest
from crops import random_image
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.kernels.filters import (
    StructureTensor,
    gradient_and_laplacian,
    hessian_eigenvalues,
    local_mean_and_std,
)

ON_ROWS = {
    "local": lambda image, rows=None: local_mean_and_std(image, 1.3, rows),
    "differences": gradient_and_laplacian,
    "hessian": lambda image, rows=None: hessian_eigenvalues(image, 2.0, rows),
    "structure": lambda image, rows=None: StructureTensor(image[0], 1.0).eigenvalues(rows),
    "coarse structure": lambda image, rows=None: StructureTensor(image[0], 2.0, coarse=True).eigenvalues(rows),
}


@pytest.mark.parametrize("name", ON_ROWS)
@given(st.integers(0, 99), st.integers(0, 11), st.integers(1, 11), st.sampled_from([None, 1e-25, 1e25]))
def test_some_rows_have_the_bits_of_all(name, seed, top, rows, extreme):
    image = random_image((1, 23, 17), seed=seed)
    if extreme is not None:  # somewhere single precision does not hold the squares
        image[0, 20, 5] = extreme
    bottom = min(top + rows, 12)
    for whole, part in zip(ON_ROWS[name](image), ON_ROWS[name](image, (top, bottom)), strict=True):
        assert np.array_equal(part, whole[..., top:bottom, :])


def test_the_shape_of_a_structure_tensor_is_that_of_its_eigenvalues():
    smooth = random_image((1, 23, 17))[0]
    assert StructureTensor(smooth, 1.0).shape == (23, 17)
    coarse = StructureTensor(smooth, 2.0, coarse=True)
    assert coarse.shape == coarse.eigenvalues()[0].shape == (12, 9)
