"""Label images that a lattice allows, made without segmenting anything: as ragged as superpixels can be."""

import numpy as np

from terrazzo.kernels.superpixels.slic import first_candidates


def random_labels(lattice, seed=0, empty=0.0):
    """Return labels in which each pixel has the id of any of the cells nearest to it; a share of them has none."""
    rng = np.random.default_rng(seed)
    cells = []
    for axis, (extent, size, count) in enumerate(zip(lattice.shape, lattice.size, lattice.cells, strict=True)):
        first = np.moveaxis(first_candidates(extent, size).reshape(-1, *(1,) * (len(lattice.shape) - 1)), 0, axis)
        cells.append(np.clip(first + rng.integers(0, 2, lattice.shape), 0, count - 1))
    return np.where(rng.random(lattice.shape) < empty, lattice.dtype.type(0), lattice.ids_of(np.stack(cells, axis=-1)))
