"""Which genes does a tree of each kind have below one another, and how high do they stand?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ValueOf = Callable[[str], Any]
"""From a parameter to its value at a gene."""


@dataclass(frozen=True)
class Anatomy:
    """How trees of a kind are made.

    Parameters
    ----------
    heights : dict of str to int
        Of each sort of gene, the first word of its name: 0 where there is none below, and that of the root the most.
    structural : tuple of str
        The parameters that decide which genes there are.
    below : callable
        From a gene's name and the values of parameters there to the names of the genes below it.
    decides : callable
        From the names of a gene and all above it, the root's first, to the parameters whose values there the network
        has; those of the root's are of all of it.
    """

    heights: dict[str, int]
    structural: tuple[str, ...]
    below: Callable[[str, ValueOf], tuple[str, ...]]
    decides: Callable[[tuple[str, ...]], tuple[str, ...]]

    def height(self, name: str) -> int:
        """Return how high a gene stands."""
        return self.heights[sort_of(name)]


def sort_of(name: str) -> str:
    """Return the first word of a gene's name, such as "convolution" of "convolution 1"."""
    return name.split()[0]


ROOT = "network"


def _below_in_unet(name: str, value: ValueOf) -> tuple[str, ...]:
    sort = sort_of(name)
    if sort == ROOT:
        return ("down", "up", *_present({"pyramid": "pyramid", "field": "crf"}, value))
    if sort == "down":
        return tuple(f"stack {level}" for level in range(value("depth") + 1))
    if sort == "up":
        return tuple(f"stack {level}" for level in reversed(range(value("depth"))))
    return tuple(f"convolution {place}" for place in range(value("convolutions"))) if sort == "stack" else ()


def _decided_in_unet(names: tuple[str, ...]) -> tuple[str, ...]:
    sort = sort_of(names[-1])
    if sort == ROOT:
        return ("depth", "dropout", "learning_rate", "weight_decay")
    if sort == "stack":
        # nothing is pooled for the finest, and the way up undoes what the way down says
        pooled = names[-2] == "down" and names[-1] != "stack 0"
        return ("convolutions", "pool") if pooled else ("convolutions",)
    return {"convolution": ("width", "kernel"), "pyramid": ("pyramid",), "field": ("crf", "crf_radius")}.get(sort, ())


def _below_in_lattice(name: str, value: ValueOf) -> tuple[str, ...]:
    if name != ROOT:
        return ()
    coarser = _present({"level coarser": "levels"}, value)
    return ("stem", "message", "level finest", *coarser, "decision", *_present({"field": "crf_steps"}, value))


def _decided_in_lattice(names: tuple[str, ...]) -> tuple[str, ...]:
    decided = {
        ROOT: ("levels", "size", "learning_rate", "weight_decay"),
        "stem": ("width",),
        "message": ("dropout",),
        "level": ("rounds",),
        "decision": ("pixel_width",),
        "field": ("crf_steps",),
    }
    return decided[sort_of(names[-1])]


def _present(genes: dict[str, str], value: ValueOf) -> tuple[str, ...]:
    """Return those genes whose parameter is not 0."""
    return tuple(gene for gene, parameter in genes.items() if value(parameter))


ANATOMIES = {
    "unet": Anatomy(
        {ROOT: 3, "down": 2, "up": 2, "stack": 1, "convolution": 0, "pyramid": 0, "field": 0},
        ("depth", "convolutions", "pyramid", "crf"),
        _below_in_unet,
        _decided_in_unet,
    ),
    "lattice": Anatomy(
        {ROOT: 1, "stem": 0, "message": 0, "level": 0, "decision": 0, "field": 0},
        ("levels", "crf_steps"),
        _below_in_lattice,
        _decided_in_lattice,
    ),
}
