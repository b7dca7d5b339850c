import numpy as np

from terrazzo.kernels.culture.noise import Window
from terrazzo.kernels.culture.smooth_fields import STEP, blank_fields, fields_around, read_row

SEED = np.uint64(2)


def test_a_row_on_nodes_passes_through_their_values():
    window = Window(-2 * STEP, 10**7, 9, 40)
    nodes, row = fields_around(window, SEED), blank_fields((40,))
    read_row(nodes, window.y, -STEP, row)
    for on_nodes, along_row in zip(nodes, row, strict=True):
        np.testing.assert_array_equal(along_row[::STEP], on_nodes[1, :10])


def test_between_nodes_values_are_bilinear():
    window = Window(5, 400, 12, 32)
    nodes, row = fields_around(window, SEED), blank_fields((32,))
    read_row(nodes, window.y, 10, row)
    for on_nodes, along_row in zip(nodes, row, strict=True):
        expected = 0.5 * (on_nodes[1] + on_nodes[2])
        np.testing.assert_allclose(along_row, np.interp(np.arange(32) / STEP, np.arange(9), expected))
