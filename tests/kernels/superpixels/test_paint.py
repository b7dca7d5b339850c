import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from terrazzo.kernels.superpixels.ids import paint

shapes = hnp.array_shapes(min_dims=2, max_dims=3, max_side=12)


@given(st.data(), shapes)
def test_every_pixel_gets_the_value_of_its_region(data, shape):
    cells = data.draw(hnp.arrays(np.int32, shape, elements=st.integers(-1, 6)))
    values = data.draw(hnp.arrays(np.uint8, 7))
    painted = paint(cells, values, 255)
    assert painted.dtype == np.uint8
    assert np.array_equal(painted, np.append(values, np.uint8(255))[cells])


def test_pixels_without_a_region_are_empty():
    assert paint(np.array([[-1, 0]], np.int32), np.array([3], np.uint8), 9).tolist() == [[9, 3]]
