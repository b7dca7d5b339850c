"""How does a graph neural network learn from annotated graphs?"""

from collections.abc import Callable, Sequence
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

    Training sees only training nodes: nodes held out are not even neighbours. What does not fit one batch is cut in
    space, each piece with the ring that its logits depend on. On the CPU the same seed gives the same weights,
    unless `seconds` is given.

    Parameters
    ----------
    graphs, targets : sequence of RegionGraph and of NodeTargets
        Graphs with the same columns, and the annotation of each.
    seed : int
        Of the split, the first weights, dropout and the order of batches; torch's own state is left as it was.
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
        If graphs and targets do not fit each other, fewer than two classes are annotated, a side of the split has
        no annotated pixel, or a parameter is out of range.
    """
    _check_pairs(graphs, targets)
    pixels = _check_annotation(targets)
    schedule = Schedule(epochs, patience, learning_rate, weight_decay, seconds)
    config = _config(graphs[0], len(pixels), architecture)
    on = choose_device(device)
    split = split_nodes(graphs, targets, validation=validation, seed=seed) if split is None else split
    scaling = Scaling.fit(graphs, split.training)
    rng = np.random.default_rng(seed)
    sides = _parts_of_split(graphs, targets, split, config.layers, batch_nodes)
    training, validating = (
        [batch_of(group, scaling, device=on, backend=backend) for group in _groups(parts, batch_nodes, rng)]
        for parts in sides
    )
    weights = class_weights(torch.from_numpy(sum(part.counts.sum(axis=0, dtype=float) for part in sides[0])), weighting)
    with torch.random.fork_rng(devices=[on] if on.type == "cuda" else []):
        torch.manual_seed(seed)
        network = GNN(config).to(on)
        history = optimise(
            network,
            training,
            validating,
            schedule,
            weights=None if weights is None else weights.to(on),
            rng=rng,
            progress=progress,
        )
    return FittedNetwork(network.cpu(), scaling, history, split)


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
        for mine, theirs in (
            (graph.node_columns, first.node_columns),
            (graph.edge_columns, first.edge_columns),
        ):
            if mine != theirs:
                raise ParameterError(
                    f"graph {number} has other features than graph 0 ({sorted(set(mine) ^ set(theirs)) or 'order'}); "
                    "compute all graphs with the same feature set"
                )
        if target.number_of_classes != targets[0].number_of_classes:
            raise ParameterError(
                f"targets {number} have {target.number_of_classes} classes and targets 0 have "
                f"{targets[0].number_of_classes}; count all annotations with the same number of classes"
            )


def _check_annotation(targets: Sequence[NodeTargets]) -> NDArray[np.float64]:
    pixels: NDArray[np.float64] = np.sum([target.counts.sum(axis=0, dtype=float) for target in targets], axis=0)
    annotated = np.flatnonzero(pixels)
    if annotated.size == 0:
        raise ParameterError("no pixel under a region is annotated; annotate some pixels of at least two classes")
    if annotated.size == 1:
        raise ParameterError(
            f"class {annotated[0]} is the only one annotated; annotate some pixels of at least one other class"
        )
    return pixels
