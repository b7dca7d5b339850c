"""A tree of genes: values at its root, and what each gene below changes of what it inherits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from terrazzo.errors import ParameterError
from terrazzo.genes.anatomy import ANATOMIES, ROOT, Anatomy
from terrazzo.genes.parameter import Value
from terrazzo.genes.space import OPTIONAL, Space

Path = tuple["Gene", ...]
"""A gene with all above it, from the root."""


@dataclass(frozen=True)
class Gene:
    """A node of a tree.

    Parameters
    ----------
    name : str
        Its sort, and which of those below the same gene it is, such as "convolution 1".
    deltas : mapping of str to float
        What it adds to parameters, for itself and all below it.
    below : tuple of Gene
    """

    name: str
    deltas: Mapping[str, float]
    below: tuple[Gene, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return it as values of JSON."""
        return {"name": self.name, "deltas": dict(self.deltas), "below": [gene.plain() for gene in self.below]}


@dataclass(frozen=True)
class Tree:
    """A network as a tree of genes.

    Parameters
    ----------
    space : Space
        In which it was drawn.
    values : mapping
        Of each parameter its value at the root.
    root : Gene
        Without deltas of its own.

    Raises
    ------
    ParameterError
        If a value or a delta is out of its range, or genes are not those that the values make.
    """

    space: Space
    values: Mapping[str, Value]
    root: Gene

    def __post_init__(self) -> None:
        for parameter in self.space.parameters:
            if parameter.name not in self.values or not parameter.holds(self.values[parameter.name]):
                raise ParameterError(
                    f"{parameter.name} of a tree is {self.values.get(parameter.name)}; its space has {parameter.said()}"
                )
        for path in self.paths():
            self._check(path)

    @property
    def anatomy(self) -> Anatomy:
        """What trees of its kind are like."""
        return ANATOMIES[self.space.kind]

    def paths(self) -> Iterator[Path]:
        """Yield each gene with all above it, those above before those below."""
        yield from _paths((self.root,))

    def at(self, path: Path, name: str) -> Value:
        """Return the value of a parameter at a gene: that at the root and the deltas down to it, within the range."""
        return self.space[name].moved(self.values[name], sum(gene.deltas.get(name, 0) for gene in path))

    def fingerprint(self) -> str:
        """Return a hash of all that it is."""
        return hashlib.sha256(json.dumps(self.plain(), sort_keys=True).encode()).hexdigest()

    def plain(self) -> dict[str, Any]:
        """Return it as values of JSON, without its space."""
        return {"values": dict(self.values), "genes": self.root.plain()}

    def lines(self) -> list[tuple[int, str, str]]:
        """Return for each gene how deep it is, its name, and the values that the network has of it."""
        return [(len(path) - 1, path[-1].name, self._said(path)) for path in self.paths()]

    def __str__(self) -> str:
        return "\n".join(f"{'  ' * depth}{name}{f': {said}' if said else ''}" for depth, name, said in self.lines())

    def _said(self, path: Path) -> str:
        names = self.anatomy.decides(tuple(gene.name for gene in path))
        values = {name: self.at(path, name) for name in names}
        return ", ".join(
            f"{name.replace('_', ' ')} {f'{value:.3g}' if isinstance(value, float) else value}"
            for name, value in values.items()
        )

    def _check(self, path: Path) -> None:
        gene = path[-1]
        expected = self.anatomy.below(gene.name, partial(self.at, path))
        found = tuple(one.name for one in gene.below)
        if found != expected or (len(path) == 1 and gene.name != ROOT):
            raise ParameterError(f"below the gene '{gene.name}' are {list(found)}; its values make {list(expected)}")
        height = self.anatomy.height(gene.name)
        for name, delta in gene.deltas.items():
            if len(path) == 1 or name not in self.values or not abs(delta) <= self.space[name].delta(height):
                raise ParameterError(f"the gene '{gene.name}' has the delta {delta} of {name}, out of its range")


def tree_of(plain: Mapping[str, Any], space: Space) -> Tree:
    """Return the tree of values of JSON.

    Raises
    ------
    ParameterError
        If they are none of this space.
    """
    try:
        values = {name: tuple(one) if isinstance(one, list) else one for name, one in plain["values"].items()}
        # a tree from before a parameter was drawn is without what it is of
        optional = (one for one in space.parameters if one.name in OPTIONAL)
        without = {one.name: 0 if OPTIONAL[one.name] == one.name else one.least for one in optional}
        return Tree(space, without | values, _gene_of(plain["genes"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ParameterError(f"these are no values and genes of a tree ({error!r})") from error


def _gene_of(plain: Mapping[str, Any]) -> Gene:
    return Gene(str(plain["name"]), dict(plain["deltas"]), tuple(map(_gene_of, plain["below"])))


def _paths(path: Path) -> Iterator[Path]:
    yield path
    for gene in path[-1].below:
        yield from _paths((*path, gene))
