"""How a tree of each kind is fitted: methods as `terrazzo.comparison.methods` has them, whose setting is a tree."""

from __future__ import annotations

from terrazzo.comparison.assignment import Assignment
from terrazzo.genes.space import space_of
from terrazzo.genes.tree import Tree, tree_of

METHODS = {kind: f"terrazzo.study.methods.{kind}" for kind in ("unet", "lattice")}


def tree_in(assignment: Assignment) -> Tree:
    """Return the tree that a method is to fit."""
    return tree_of(assignment.settings["tree"], space_of(assignment.settings["space"]))


def rules_in(assignment: Assignment) -> dict[str, object]:
    """Return how long, with which seed and where it is fitted, by name."""
    names = ("seconds", "steps", "seed", "device", "validation")
    return {name: value for name, value in assignment.options().items() if name in names}
