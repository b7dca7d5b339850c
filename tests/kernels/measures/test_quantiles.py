import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from terrazzo.kernels.measures.moments import areas
from terrazzo.kernels.measures.quantiles import deciles

TENTHS = np.arange(1, 10) / 10
shapes = hnp.array_shapes(min_dims=2, max_dims=3, max_side=12)
finite = st.floats(-1e6, 1e6, width=32)


@given(st.data(), shapes)
def test_deciles_are_numpys_quantiles(data, shape):
    image = data.draw(hnp.arrays(np.float32, shape, elements=finite))
    index = data.draw(hnp.arrays(np.int32, shape, elements=st.integers(-1, 3)))
    area = areas(index, 4)
    present = np.flatnonzero(area)
    row = np.full(5, -1, np.int32)
    row[present] = np.arange(present.size)
    result = deciles(image, row[index], area[present])
    assert result.shape == (present.size, 9)
    for values, region in zip(result, present, strict=True):
        assert np.allclose(values, np.quantile(image[index == region].astype(float), TENTHS), rtol=1e-6, atol=1e-6)


def test_a_region_of_one_pixel_has_nine_times_its_value():
    assert deciles(np.array([[7.5]], np.float32), np.zeros((1, 1), np.int32), np.array([1])).tolist() == [[7.5] * 9]


def test_eleven_values_are_their_own_deciles():
    image = np.array([[10, 0, 9, 1, 8, 2, 7, 3, 6, 4, 5]], np.float32)
    assert deciles(image, np.zeros((1, 11), np.int32), np.array([11])).tolist() == [list(range(1, 10))]


def test_without_regions_there_are_no_deciles():
    nothing = deciles(np.ones((3, 3), np.float32), np.full((3, 3), -1, np.int32), np.zeros(0, np.int64))
    assert nothing.shape == (0, 9)
