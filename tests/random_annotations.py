"""Annotations drawn at random."""

import numpy as np

CLASSES = 3


def random_annotation(shape, share, seed):
    """Stripes of classes, annotated in a share of 10 x 10 squares."""
    rng = np.random.default_rng(seed)
    squares = rng.random([-(-n // 10) for n in shape]) < share
    known = np.kron(squares, np.ones((10,) * len(shape), bool))[tuple(slice(n) for n in shape)]
    return np.where(known, np.indices(shape)[-1] // 17 % CLASSES, 255).astype(np.uint8)
