"""Random volumes, and windows of them with a margin around."""

import numpy as np
from hypothesis import strategies as st

shapes = st.tuples(st.integers(1, 6), st.integers(1, 30), st.integers(1, 30))


def random_image(shape, seed=0, offset=0.0):
    return (np.random.default_rng(seed).standard_normal(shape) + offset).astype(np.float32)


@st.composite
def crops(draw, extent):
    """Return the bounds of a window of at least one pixel along an axis."""
    start = draw(st.integers(0, extent - 1))
    return start, draw(st.integers(start + 1, extent))


@st.composite
def crops_with_margins(draw, shape, margins):
    """Return a window of an image, the same with a margin around, and where it lies in that."""
    bounds = [draw(crops(extent)) for extent in shape]
    firsts = [max(0, a - margin) for (a, _), margin in zip(bounds, margins, strict=True)]
    kept = tuple(slice(a, b) for a, b in bounds)
    around = tuple(slice(a, b + margin) for a, (_, b), margin in zip(firsts, bounds, margins, strict=True))
    return kept, around, tuple(slice(a - first, b - first) for (a, b), first in zip(bounds, firsts, strict=True))
