"""How does a graph neural network learn from annotated graphs?"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.models.device import choose_device
from terrazzo.models.gnn import GNN, GNNConfig
from terrazzo.models.message_passing import Backend
from terrazzo.regions.node_targets import NodeTargets
from terrazzo.regions.region_graph import RegionGraph
from terrazzo.regions.scaling import Scaling
from terrazzo.training.batches import Part, batch_of, grouped, parts_of
from terrazzo.training.losses import ClassWeighting, class_weights
from terrazzo.training.optimise import Epoch, Schedule, optimise
from terrazzo.training.splits import Split, split_nodes

STEPS = 8
"""Steps per epoch that small training sets are grouped for, where they have as many graphs."""


@dataclass(frozen=True, eq=False)
class FittedNetwork:
    """A trained network and what is needed to apply and to judge it.

    Parameters
    ----------
    network : GNN
        With the weights of the best epoch, on the CPU, in evaluation mode.
    scaling : Scaling
    history : tuple of Epoch
    split : Split
    """

    network: GNN
    scaling: Scaling
    history: tuple[Epoch, ...]
    split: Split

    @property
    def best(self) -> Epoch:
        """The epoch that the weights are from: the one with the lowest validation loss."""
        return min(self.history, key=lambda epoch: epoch.validation_loss)


def fit_network(
    graphs: Sequence[RegionGraph],
    targets: Sequence[NodeTargets],
    *,
    seed: int = 0,
    epochs: int = 200,
    patience: int = 40,
    learning_rate: float = 3e-3,
    weight_decay: float = 1e-2,
    weighting: ClassWeighting = None,
    validation: float = 0.2,
    split: Split | None = None,
    seconds: float | None = None,
    batch_nodes: int = 16384,
    device: str = "auto",
    backend: Backend = "auto",
    progress: Callable[[Epoch], None] | None = None,
    **architecture: Any,
) -> FittedNetwork:
    """Train a `GNN` on annotated graphs until the validation loss no longer falls.

    Training sees only training nodes: nodes held out are not even neighbours. What does not fit one batch is
    cut in space, each piece with the ring that its logits depend on. On the CPU the same seed gives the same
    weights, unless `seconds` is given.

    Parameters
    ----------
    graphs, targets : sequence of RegionGraph and of NodeTargets
        Graphs with the same columns, and the annotation of each.
    seed : int
        Of the split, the first weights, dropout and the order of batches; torch's own state stays as it was.
    epochs, patience, learning_rate, weight_decay, seconds
        See `Schedule`.
    weighting : {"balanced", None}
        See `class_weights`.
    validation : float
        Share held out, see `split_nodes`.
    split : Split, optional
        A split to use in its place.
    batch_nodes : int
        The most nodes in one step.
    device, backend : str
        See `choose_device` and `message_passing`.
    progress : callable, optional
        Called with each `Epoch`.
    **architecture
        Fields of `GNNConfig`: width, layers, dropout, aggregation, heads.

    Returns
    -------
    FittedNetwork

    Raises
    ------
    ParameterError
        If graphs and targets do not fit each other, fewer than two classes are annotated, a side of the split
        has no annotated pixel, or a parameter is out of range.
    """
    _check_pairs(graphs, targets)
    _check_annotation(targets)
    schedule = Schedule(epochs, patience, learning_rate, weight_decay, seconds)
    config = _config(graphs[0], targets[0], architecture)
    on = choose_device(device)
    split = split or split_nodes(graphs, targets, validation=validation, seed=seed)
    scaling = Scaling.fit(graphs, split.training)
    sides = _sides(graphs, targets, split, config.layers, batch_nodes)
    weights = class_weights(torch.tensor(_pixels(part.counts for part in sides[0]), device=on), weighting)
    rng = np.random.default_rng(seed)
    training, validating = (
        [batch_of(group, scaling, device=on, backend=backend) for group in _groups(parts, batch_nodes, rng)]
        for parts in sides
    )
    with torch.random.fork_rng(devices=[on] if on.type == "cuda" else []):
        torch.manual_seed(seed)
        network = GNN(config).to(on)
        history = optimise(network, training, validating, schedule, weights=weights, rng=rng, progress=progress)
    return FittedNetwork(network.cpu(), scaling, history, split)


def _config(graph: RegionGraph, targets: NodeTargets, architecture: dict[str, Any]) -> GNNConfig:
    return GNNConfig(
        node_features=len(graph.node_columns),
        edge_features=len(graph.edge_columns),
        classes=targets.number_of_classes,
        **architecture,
    )


def _sides(
    graphs: Sequence[RegionGraph], targets: Sequence[NodeTargets], split: Split, hops: int, most_nodes: int
) -> tuple[list[Part], list[Part]]:
    """What to train on, in graphs of training nodes only, and what to validate on, in whole graphs."""
    if most_nodes < 1:
        raise ParameterError(f"batch_nodes is {most_nodes}; a batch needs at least 1 node")
    training: list[Part] = []
    validation: list[Part] = []
    for graph, target, seen, held_out in zip(graphs, targets, split.training, split.validation, strict=True):
        own, counts = graph.subgraph(seen), NodeTargets(target.counts[np.unique(seen)])
        training += parts_of(own, counts, np.arange(own.number_of_nodes), hops=hops, most_nodes=most_nodes)
        validation += parts_of(graph, target, held_out, hops=hops, most_nodes=most_nodes)
    trained = _pixels([np.zeros_like(targets[0].counts), *(part.counts for part in training)])
    lost = np.flatnonzero((trained == 0) & (_pixels(target.counts for target in targets) > 0))
    if lost.size:
        raise ParameterError(f"class {lost[0]} is annotated, but on no training node; annotate more of it")
    if not validation:
        raise ParameterError("the split leaves no annotated pixel for validation; annotate more")
    return training, validation


def _groups(parts: Sequence[Part], batch_nodes: int, rng: np.random.Generator) -> Iterator[list[Part]]:
    """Parts in random order, grouped to batches: small ones where there is little, for more steps."""
    nodes = sum(part.graph.number_of_nodes for part in parts)
    return grouped([parts[i] for i in rng.permutation(len(parts))], min(batch_nodes, -(-nodes // STEPS)))


def _pixels(counts: Iterable[NDArray[np.uint32]]) -> NDArray[np.float64]:
    """Annotated pixels per class, over several tables of counts."""
    return np.sum([table.sum(axis=0, dtype=np.float64) for table in counts], axis=0)  # type: ignore[no-any-return]


def _check_pairs(graphs: Sequence[RegionGraph], targets: Sequence[NodeTargets]) -> None:
    if len(graphs) != len(targets) or not graphs:
        raise ParameterError(f"{len(graphs)} graphs came with {len(targets)} targets; give one target per graph")
    first = graphs[0]
    for number, (graph, target) in enumerate(zip(graphs, targets, strict=True)):
        if graph.number_of_nodes != len(target.counts):
            raise ParameterError(
                f"graph {number} has {graph.number_of_nodes} nodes and its targets {len(target.counts)}; "
                "count the annotation on the same superpixels"
            )
        if (graph.node_columns, graph.edge_columns) != (first.node_columns, first.edge_columns):
            mine, theirs = (set(g.node_columns + g.edge_columns) for g in (graph, first))
            difference = ", ".join(sorted(mine ^ theirs)) or "their order"
            raise ParameterError(
                f"graph {number} and graph 0 differ in features ({difference}); "
                "compute all graphs with the same feature set"
            )
        if target.number_of_classes != targets[0].number_of_classes:
            raise ParameterError(
                f"targets {number} have {target.number_of_classes} classes and targets 0 have "
                f"{targets[0].number_of_classes}; count all annotations with the same number of classes"
            )


def _check_annotation(targets: Sequence[NodeTargets]) -> None:
    annotated = np.flatnonzero(_pixels(target.counts for target in targets))
    if annotated.size == 0:
        raise ParameterError("no pixel under a region is annotated; annotate some pixels of at least two classes")
    if annotated.size == 1:
        raise ParameterError(f"class {annotated[0]} is the only one annotated; annotate some pixels of another class")
