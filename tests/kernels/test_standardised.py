import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from terrazzo.kernels.standardised import standardised_rows

FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True)
SCALES = st.floats(2.0**-20, 2.0**20, width=32)


@given(st.data(), st.integers(0, 6), st.integers(1, 5))
def test_it_is_what_numpy_computes_in_several_passes(data, rows, columns):
    values = data.draw(hnp.arrays(np.float32, (rows, columns), elements=FLOATS))
    mean = data.draw(hnp.arrays(np.float32, columns, elements=st.floats(-1e6, 1e6, width=32)))
    std = data.draw(hnp.arrays(np.float32, columns, elements=SCALES))
    with np.errstate(over="ignore", invalid="ignore"):
        expected = (values - mean) / std
    expected = np.clip(np.where(np.isnan(expected), np.float32(0), expected), -1e4, 1e4)
    found = standardised_rows(values, mean, std, np.float32(1e4))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)
