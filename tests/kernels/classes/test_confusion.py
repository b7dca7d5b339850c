import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from terrazzo.kernels.classes.targets import confusion_matrix

shapes = hnp.array_shapes(min_dims=2, max_dims=3, max_side=12)
values = st.sampled_from([0, 1, 2, 3, 254, 255])


@given(st.data(), shapes)
def test_a_confusion_matrix_counts_each_pair_of_classes(data, shape):
    true, predicted = (data.draw(hnp.arrays(np.uint8, shape, elements=values)) for _ in range(2))
    matrix = confusion_matrix(true, predicted, 3)
    assert matrix.shape == (3, 4)
    for row in range(3):
        known = true == row
        expected = [np.sum(known & (predicted == column)) for column in range(3)]
        assert matrix[row].tolist() == [*expected, np.sum(known & (predicted > 2))]


def test_unannotated_pixels_count_for_nothing():
    assert confusion_matrix(np.full((2, 2), 255, np.uint8), np.zeros((2, 2), np.uint8), 2).sum() == 0
