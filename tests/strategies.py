"""Images, chunkings and parameters for hypothesis to draw."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

DTYPES = (np.uint8, np.uint16, np.int16, np.float32, np.float64)


@st.composite
def images(draw, *, largest=72, most_channels=3, dtypes=DTYPES):
    """An image (c, y, x): noise, steps, a ramp or a constant, of any real dtype."""
    shape = (draw(st.integers(1, most_channels)), draw(st.integers(1, largest)), draw(st.integers(1, largest)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(("noise", "steps", "ramp", "constant")))
    if kind == "noise":
        values = rng.random(shape)
    elif kind == "steps":
        values = np.kron(rng.random((shape[0], 16, 16)), np.ones((1, 5, 5)))[:, : shape[1], : shape[2]]
        values = values + 0.05 * rng.random(shape)
    elif kind == "ramp":
        values = np.add.outer(np.linspace(0, 0.5, shape[1]), np.linspace(0, 0.5, shape[2])) + np.zeros(shape)
    else:
        values = np.full(shape, 0.5)
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    if dtype.kind == "f":
        return (values * draw(st.sampled_from((1.0, 1000.0)))).astype(dtype)
    return (values * min(np.iinfo(dtype).max, 4000)).astype(dtype)


@st.composite
def cuts(draw, extent):
    """Dask chunks along one axis: one pixel, a prime, whole, or any cut."""
    how = draw(st.sampled_from(("whole", "prime", "any", "single")))
    if how == "whole":
        return (extent,)
    if how == "any":
        places = sorted(draw(st.sets(st.integers(1, max(1, extent - 1)), max_size=4)) & set(range(1, extent)))
        return tuple(np.diff([0, *places, extent]).tolist())
    step = 1 if how == "single" and extent <= 24 else draw(st.sampled_from((7, 13, 31)))
    return tuple(min(step, extent - start) for start in range(0, extent, step))


@st.composite
def chunkings(draw, shape):
    """Dask chunks of an image (c, y, x)."""
    return (draw(cuts(shape[0])), draw(cuts(shape[1])), draw(cuts(shape[2])))


sizes = st.tuples(st.integers(2, 9), st.integers(2, 9)) | st.integers(2, 11).map(lambda size: (size, size))
