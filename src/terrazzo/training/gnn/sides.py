"""What a network learns from and what tells it when to stop, whether in memory or on disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.training.gnn.batches import AnyPart, Part, parts_of
from terrazzo.training.rules.annotated_inputs import pixels_of
from terrazzo.training.rules.splits import Split, Validation, split_nodes


@dataclass(frozen=True, eq=False)
class Sides:
    """Parts for training and for validation.

    Parameters
    ----------
    training, validation : sequence of AnyPart
    scaling : Scaling
        Of the training nodes.
    split : Split or None
        The rows of both sides, where whole graphs were in memory.
    """

    training: Sequence[AnyPart]
    validation: Sequence[AnyPart]
    scaling: Scaling
    split: Split | None = None

    @property
    def streamed(self) -> bool:
        """Whether the parts stay on disk until they are needed."""
        return self.split is None


Cut = Callable[..., Sides]
"""A function that cuts what is there into `Sides`, given hops, most_nodes, validation and seed."""


def sides_of_graphs(
    graphs: Sequence[RegionGraph],
    targets: Sequence[NodeTargets],
    split: Split | None,
    *,
    hops: int,
    most_nodes: int,
    validation: Validation,
    seed: int,
) -> Sides:
    """What to train on, in graphs of training nodes only, and what to validate on, in whole graphs."""
    split = split or split_nodes(graphs, targets, validation=validation, seed=seed)
    scaling = Scaling.fit(graphs, split.training)
    training: list[Part] = []
    held: list[Part] = []
    for graph, target, seen, held_out in zip(graphs, targets, split.training, split.validation, strict=True):
        own, counts = graph.subgraph(seen), NodeTargets(target.counts[np.unique(seen)])
        training += parts_of(own, counts, np.arange(own.number_of_nodes), hops=hops, most_nodes=most_nodes)
        held += parts_of(graph, target, held_out, hops=hops, most_nodes=most_nodes)
    check_sides(training, held, pixels_of(target.counts for target in targets))
    return Sides(training, held, scaling, split)


def check_sides(training: Sequence[AnyPart], validation: Sequence[AnyPart], annotated: NDArray[np.float64]) -> None:
    """Raise a ParameterError if a class is annotated, but not where training is, or nothing is held out."""
    trained = np.sum([np.zeros_like(annotated), *(part.pixels for part in training)], axis=0)
    lost = np.flatnonzero((trained == 0) & (annotated > 0))
    if lost.size:
        raise ParameterError(f"class {lost[0]} is annotated, but on no training node; annotate more of it")
    if not validation:
        raise ParameterError("the split leaves no annotated pixel for validation; annotate more")
