import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from terrazzo.kernels.classes.targets import class_counts

shapes = hnp.array_shapes(min_dims=2, max_dims=3, max_side=12)


@given(st.data(), shapes)
def test_counts_are_those_of_a_loop_over_regions_and_classes(data, shape):
    index = data.draw(hnp.arrays(np.int32, shape, elements=st.integers(-1, 4)))
    annotation = data.draw(hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2, 255])))
    counts = class_counts(index, annotation, 5, 3)
    assert counts.dtype == np.uint32
    expected = [[np.sum((index == region) & (annotation == value)) for value in range(3)] for region in range(5)]
    assert counts.tolist() == expected


def test_what_is_not_annotated_counts_for_nothing():
    counts = class_counts(np.zeros((2, 2), np.int32), np.full((2, 2), 255, np.uint8), 1, 3)
    assert counts.tolist() == [[0, 0, 0]]
