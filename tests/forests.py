"""Random forests with random trees: quick to make."""

import numpy as np

from terrazzo.models.forest.model import ForestModel
from terrazzo.models.forest.trees import Trees
from terrazzo.regions.statistics.filter_bank import SCALE_BANK

NAMES = ("ground", "grass", "water", "stone")
COLOURS = ("#102030", "#00ff7f", "#0000ff", "#a0a0a0")


def random_forest(channels=1, classes=3, *, axes=2, trees=5, depth=5, seed=0, bank=SCALE_BANK):
    """Full trees of one depth, on responses of intensities from 0 to 200."""
    rng = np.random.default_rng(seed)
    inner, leaves = 2**depth - 1, 2**depth
    nodes = np.arange(inner)
    left = np.concatenate([2 * nodes + 1, np.full(leaves, -1)])
    right = np.concatenate([2 * nodes + 2, np.full(leaves, -1)])
    total = trees * (inner + leaves)
    shares = rng.dirichlet(np.ones(classes), total).astype(np.float32)
    grown = Trees(
        np.arange(trees) * (inner + leaves),
        rng.integers(0, len(bank.columns(channels)), total).astype(np.int32),
        rng.uniform(0, 200, total),
        np.tile(left, trees).astype(np.int32),
        np.tile(right, trees).astype(np.int32),
        shares,
    )
    return ForestModel(grown, channels, axes, NAMES[:classes], COLOURS[:classes], bank=bank)
