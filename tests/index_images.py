"""Images of regions by number, as kernels see them."""

import numpy as np
from hypothesis import strategies as st


@st.composite
def regions(draw, most=6):
    """Return an index image in which every region has a pixel, and an image of intensities."""
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 14), st.integers(1, 14)))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    _, index = np.unique(rng.integers(-1, most, shape), return_inverse=True)
    index = index.reshape(shape) - draw(st.integers(0, 1))
    return index.astype(np.int32), (rng.standard_normal(shape) * 50 + 100).astype(np.float32)


def number_of(index):
    return int(index.max()) + 1
