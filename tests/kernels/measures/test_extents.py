import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.kernels.measures.region_faces import extents


@given(
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)),
    number=st.integers(1, 9),
    seed=st.integers(0, 9999),
)
def test_boxes_and_first_pixels_are_those_of_the_listed_pixels(shape, number, seed):
    index = np.random.default_rng(seed).integers(-1, number, shape).astype(np.int32)
    first, start, stop = extents(index, number)
    for region in range(number):
        pixels = np.argwhere(index == region)  # in raster order
        if len(pixels) == 0:
            assert stop[region].tolist() == [0, 0, 0]
            continue
        assert first[region].tolist() == pixels[0].tolist()
        assert start[region].tolist() == pixels.min(axis=0).tolist()
        assert stop[region].tolist() == (pixels.max(axis=0) + 1).tolist()


def test_a_hollow_region_has_one_box():
    index = np.full((1, 4, 5), -1, np.int32)
    index[0, 0, 3] = index[0, 2, 1] = index[0, 3, 4] = 0
    first, start, stop = extents(index, 1)
    assert first.tolist() == [[0, 0, 3]]
    assert start.tolist() == [[0, 0, 1]]
    assert stop.tolist() == [[1, 4, 5]]
