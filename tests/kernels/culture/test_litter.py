import numpy as np

from terrazzo.kernels.culture.litter import litter
from terrazzo.kernels.culture.noise import Window

SEED = np.uint64(21)


def test_pieces_that_lie_across_an_edge_are_whole():
    tall, wide = litter(Window(-300, 10**7, 6000, 120), SEED), litter(Window(-300, 10**7, 120, 6000), SEED)
    for k in range(120):
        column = litter(Window(-300, 10**7 + k, 6000, 1), SEED)
        row = litter(Window(-300 + k, 10**7, 1, 6000), SEED)
        np.testing.assert_array_equal(column[:, 0], tall[:, k])
        np.testing.assert_array_equal(row[0], wide[k])


def test_litter_is_sparse_with_dark_and_bright_pieces():
    canvas = litter(Window(0, 0, 1000, 1000), SEED)
    assert 0.001 < np.mean(canvas != 0) < 0.05
    assert canvas.min() < -40
    assert canvas.max() > 60
