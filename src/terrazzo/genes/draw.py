"""Draw trees of genes at random, and trees that differ a little from one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from terrazzo.errors import ParameterError
from terrazzo.genes.anatomy import ANATOMIES, ROOT
from terrazzo.genes.parameter import Value
from terrazzo.genes.space import Space
from terrazzo.genes.tree import Gene, Path, Tree

Deltas = Callable[[str, Gene | None], Mapping[str, float]]
"""From a gene's name, and the gene that was there before, to its deltas."""


def drawn(space: Space, rng: np.random.Generator) -> Tree:
    """Return a random tree: values at the root, then deltas from the root down."""
    values = {parameter.name: parameter.drawn(rng) for parameter in space.parameters}
    return _grown(space, values, None, lambda name, _: drawn_deltas(space, name, rng))


def smallest(space: Space, **others: Value) -> Tree:
    """Return the tree whose values are all the least, besides others that are given."""
    values = {parameter.name: parameter.least for parameter in space.parameters} | others
    return _grown(space, values, None, lambda _name, _before: {})


def mutated(tree: Tree, rng: np.random.Generator, share: float = 0.2) -> Tree:
    """Return a tree of which some genes' deltas are drawn again, at least those of one; the root's values stay.

    Where deltas decide which genes are below, those that remain are as they were, and others are drawn.

    Parameters
    ----------
    tree : Tree
    rng : numpy.random.Generator
    share : float
        Of the genes, about.

    Raises
    ------
    ParameterError
        If it is no share.
    """
    if not 0 <= share <= 1:
        raise ParameterError(f"share is {share}; it must be between 0 and 1")
    genes = [path[-1] for path in tree.paths()][1:]
    again = {id(gene) for gene in genes if rng.random() < share}
    again.add(id(genes[int(rng.integers(len(genes)))]))

    def deltas(name: str, before: Gene | None) -> Mapping[str, float]:
        kept = before is not None and id(before) not in again
        return before.deltas if kept and before is not None else drawn_deltas(tree.space, name, rng)

    return _grown(tree.space, tree.values, tree.root, deltas)


def with_values(tree: Tree, values: Mapping[str, Value]) -> Tree:
    """Return the same genes with other values at the root, of parameters that leave the tree as it is."""
    return Tree(tree.space, {**tree.values, **values}, tree.root)


def drawn_deltas(space: Space, name: str, rng: np.random.Generator) -> dict[str, float]:
    """Return random deltas for a gene, of the parameters that one of its height may move."""
    height = ANATOMIES[space.kind].height(name)
    moved = (one for one in space.parameters if one.delta(height))
    return {one.name: one.drawn_delta(height, rng) for one in moved}


def _grown(space: Space, values: Mapping[str, Value], root: Gene | None, deltas: Deltas) -> Tree:
    """Return the tree of some values, whose genes have these deltas, from the root down."""
    anatomy = ANATOMIES[space.kind]

    def at(path: Path, name: str) -> Value:
        return space[name].moved(values[name], sum(gene.deltas.get(name, 0) for gene in path))

    def gene(name: str, above: Path, before: Gene | None) -> Gene:
        own = {} if name == ROOT else deltas(name, before)
        path = (*above, Gene(name, own))
        known = {} if before is None else {one.name: one for one in before.below}
        below = anatomy.below(name, partial(at, path))
        return Gene(name, own, tuple(gene(one, path, known.get(one)) for one in below))

    return Tree(space, dict(values), gene(ROOT, (), root))
