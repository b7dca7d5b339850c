import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.kernels.classes.confidence import confidence_counts


@given(st.integers(0, 2**32), st.integers(0, 9), st.integers(1, 9))
def test_each_annotated_pixel_counts_with_its_probability_and_whether_it_is_right(seed, height, width):
    rng = np.random.default_rng(seed)
    true, found = rng.choice(np.array([0, 1, 2, 255], np.uint8), (2, height, width))
    highest = rng.choice(np.array([0, 17, 18, 200, 255], np.uint8), (height, width))
    expected = np.zeros((256, 2), int)
    for place in np.ndindex(height, width):
        if true[place] != 255:
            expected[highest[place]] += (1, int(true[place] == found[place]))
    assert np.array_equal(confidence_counts(true, found, highest, 3), expected)
