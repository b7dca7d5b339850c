"""Images, chunkings and parameters for hypothesis to draw."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

DTYPES = (np.uint8, np.uint16, np.int16, np.float32, np.float64)


@st.composite
def images(draw, *, largest=72, most_channels=3, dtypes=DTYPES, axes=2):
    """An image (c, y, x), or (c, z, y, x) with three axes: noise, steps, a ramp or a constant, of any real dtype."""
    shape = (draw(st.integers(1, most_channels)), *(draw(st.integers(1, largest)) for _ in range(axes)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(("noise", "steps", "ramp", "constant")))
    if kind == "noise":
        values = rng.random(shape)
    elif kind == "steps":
        steps = np.kron(rng.random((shape[0], *(16,) * axes)), np.ones((1, *(5,) * axes)))
        values = steps[tuple(slice(n) for n in shape)] + 0.05 * rng.random(shape)
    elif kind == "ramp":
        values = sum(np.meshgrid(*(np.linspace(0, 0.5, n) for n in shape[1:]), indexing="ij")) + np.zeros(shape)
    else:
        values = np.full(shape, 0.5)
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    if dtype.kind == "f":
        return (values * draw(st.sampled_from((1.0, 1000.0)))).astype(dtype)
    return (values * min(np.iinfo(dtype).max, 4000)).astype(dtype)


@st.composite
def cuts(draw, extent, most_single=24):
    """Dask chunks along one axis: one pixel (of few), a prime, whole, or any cut."""
    how = draw(st.sampled_from(("whole", "prime", "any", "single")))
    if how == "whole":
        return (extent,)
    if how == "any":
        places = sorted(draw(st.sets(st.integers(1, max(1, extent - 1)), max_size=4)) & set(range(1, extent)))
        return tuple(np.diff([0, *places, extent]).tolist())
    step = 1 if how == "single" and extent <= most_single else draw(st.sampled_from((7, 13, 31)))
    return tuple(min(step, extent - start) for start in range(0, extent, step))


@st.composite
def chunkings(draw, shape):
    """Dask chunks of an image (c, y, x) or (c, z, y, x)."""
    return tuple(draw(cuts(extent, 24 if len(shape) < 4 else 5)) for extent in shape)


@st.composite
def masks(draw, shape):
    """Which pixels count: none, nearly all, a corner, a few, or half of them at random."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    share = draw(st.sampled_from((0.0, 0.02, 0.5, 0.98)))
    mask = rng.random(shape) < share
    if draw(st.booleans()):
        mask[tuple(slice(draw(st.integers(0, n))) for n in shape)] = True
    return mask


sizes = (
    st.tuples(st.integers(2, 9), st.integers(2, 9))
    | st.integers(2, 11).map(lambda size: (size, size))
    | st.integers(12, 64).map(lambda size: (size, size))
)
volume_sizes = st.tuples(st.integers(1, 5), st.integers(2, 7), st.integers(2, 7))
