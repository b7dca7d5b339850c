import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from terrazzo.kernels.classes.between_cells import between_cells
from terrazzo.models.lattice.decide_pixels import interpolated


@pytest.mark.parametrize("axes", [1, 2, 3])
@given(st.integers(0, 2**32 - 1))
def test_rows_between_cells_are_scipys_and_bit_for_bit_those_that_training_sees(axes, seed):
    rng = np.random.default_rng(seed)
    span = rng.integers(2, 7, axes)
    low, high = rng.integers(0, 2, axes), span - 1 - rng.integers(0, 1, axes)
    grid = rng.standard_normal((*span, 5)).astype(np.float32)
    at = rng.uniform(-1.5, span.max() + 1.5, (40, axes)).astype(np.float32)
    found = between_cells(grid.reshape(-1, 5), span, at, low, high)
    ends = (torch.from_numpy(end) for end in (low, high))
    assert np.array_equal(found, interpolated(torch.from_numpy(grid), torch.from_numpy(at), *ends).numpy())
    inside = np.clip(at, low, high)
    whole = [ndimage.map_coordinates(grid[..., column], inside.T, order=1, mode="nearest") for column in range(5)]
    assert np.allclose(found, np.stack(whole, axis=1), atol=1e-5)
