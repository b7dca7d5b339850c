"""Trees that may be tried: drawn until one fits into memory and is new."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np

from terrazzo.errors import ParameterError
from terrazzo.genes.draw import drawn, mutated
from terrazzo.genes.space import Space
from terrazzo.genes.tree import Tree
from terrazzo.study.projection import Images, refusal

DRAWS = 1000
"""How often a tree is drawn again that does not fit or was tried."""


def drawn_tree(
    space: Space, seed: int, number: int, images: Images, memory: int, tried: AbstractSet[str]
) -> Tree | None:
    """Return a random tree that fits and was not tried; None if the space seems to have no more of them.

    Parameters
    ----------
    space : Space
    seed, number : int
        Of the study, and which of its random trees: they decide what is drawn.
    images : Images
    memory : int
        Bytes that a trial may hold.
    tried : set of str
        The fingerprints of trees that were tried.

    Raises
    ------
    ParameterError
        If none fits and none was tried before.
    """
    refused = None
    for draw in range(DRAWS):
        tree = drawn(space, np.random.default_rng((seed, number, draw)))
        if tree.fingerprint() in tried:
            continue
        refused = refusal(tree, images, memory)
        if refused is None:
            return tree
    if refused is not None and not tried:
        raise ParameterError(
            f"of {DRAWS} trees of the space none fits, the last one because {refused}; use fewer workers, more memory, "
            "or a space whose ranges end lower"
        )
    return None


def unlike(tree: Tree, seed: int, number: int, tried: AbstractSet[str]) -> Tree:
    """Return a tree, with some genes drawn again where it was tried; as it is, where that finds none that is new."""
    rng, changed = np.random.default_rng((seed, number)), tree
    for _ in range(DRAWS):
        if changed.fingerprint() not in tried:
            return changed
        changed = mutated(changed, rng)
    return tree
