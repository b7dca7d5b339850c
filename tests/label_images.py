"""Label images such as other programs make: regions of any shape and size, with any ids, and pixels of none."""

import numpy as np
from hypothesis import strategies as st
from scipy import ndimage

LABEL_DTYPES = (np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64)


def cells_around(points, shape, background=0.0, seed=0):
    """Return the Voronoi cells of some random points, numbered from 1; a share of them is 0."""
    rng = np.random.default_rng(seed)
    seeds = np.zeros(shape, np.int64)
    places = tuple(rng.integers(0, n, points) for n in shape)
    seeds[places] = np.arange(1, points + 1)
    nearest = ndimage.distance_transform_edt(seeds == 0, return_distances=False, return_indices=True)
    labels = seeds[tuple(nearest)]
    return np.where(np.isin(labels, np.flatnonzero(rng.random(points + 1) < background)), 0, labels)


@st.composite
def label_images(draw, *, axes=(2, 3)):
    """Voronoi cells with shuffled ids of any dtype, some of them none, some of them used again somewhere."""
    n = draw(st.sampled_from(axes))
    shape = tuple(draw(st.integers(1, 40 if n == 2 else 14)) for _ in range(n))
    points = draw(st.integers(1, 60))
    labels = cells_around(points, shape, draw(st.sampled_from((0.0, 0.3, 1.0))), draw(st.integers(0, 9999)))
    dtype = np.dtype(draw(st.sampled_from(LABEL_DTYPES)))
    largest = int(np.iinfo(dtype).max)
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    distinct = np.unique(rng.integers(1, largest, 4 * points, dtype=np.uint64, endpoint=True))
    ids = rng.permutation(distinct)[:points]  # few distinct ones in a small dtype: then some come again
    names = np.append(np.uint64(0), ids[np.arange(points) % ids.size])
    if draw(st.booleans()):
        again = draw(st.integers(1, points))
        names[again] = names[draw(st.integers(1, points))]
    return names[labels].astype(dtype)


def needed_extent(labels):
    """Return the largest side of any id's bounding box in the whole image, along each axis."""
    sides = [np.ptp(np.argwhere(labels == label), axis=0) + 1 for label in np.unique(labels[labels != 0])]
    return tuple(np.max([np.ones(labels.ndim, int), *sides], axis=0).tolist())


def fits(labels, max_extent):
    """Whether every id's bounding box in the whole image has sides of at most `max_extent`: the verdict."""
    return bool(np.all(np.array(needed_extent(labels)) <= max_extent))
