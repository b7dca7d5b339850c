"""Structure tensors of all sections of an image at once."""

import numpy as np

from terrazzo.kernels.filters import StructureTensor


def structure_eigenvalues(smooth, sigma, *, coarse=False):
    """The roots of the larger and the smaller eigenvalue, each (z, y, x), of a smoothed image (z, y, x)."""
    found = [StructureTensor(section, sigma, coarse=coarse).eigenvalues() for section in smooth]
    larger, smaller = map(np.stack, zip(*found, strict=True))
    return larger, smaller
