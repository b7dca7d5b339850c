"""How does a graph neural network learn from annotated graphs?"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from terrazzo.errors import ParameterError
from terrazzo.models.device import choose_device
from terrazzo.models.gnn.message_passing import Backend
from terrazzo.models.gnn.network import GNN, GNNConfig
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.training.gnn.batches import AnyPart, Batches, DrawnBatches, grouped
from terrazzo.training.gnn.sides import Cut
from terrazzo.training.rules.losses import ClassWeighting, class_weights
from terrazzo.training.rules.optimise import Epoch, Schedule, best_of, drawn_by_area, optimise
from terrazzo.training.rules.splits import Split, Validation

STEPS = 8
"""Steps per epoch that small training sets are grouped for, where they have as many graphs."""


class Shape(NamedTuple):
    """What comes into a network and out of it."""

    node_features: int
    edge_features: int
    classes: int


@dataclass(frozen=True, eq=False)
class FittedNetwork:
    """A trained network and what is needed to apply and to judge it.

    Parameters
    ----------
    network : GNN
        With the weights of the best epoch, on the CPU, in evaluation mode.
    scaling : Scaling
    history : tuple of Epoch
    split : Split or None
        None where training streamed.
    """

    network: GNN
    scaling: Scaling
    history: tuple[Epoch, ...]
    split: Split | None

    @property
    def best(self) -> Epoch:
        """The epoch that the weights are from: the one with the lowest validation loss."""
        return best_of(self.history)


def train_network(
    cut: Cut,
    shape: Shape,
    *,
    seed: int = 0,
    epochs: int = 200,
    patience: int = 40,
    learning_rate: float = 3e-3,
    weight_decay: float = 1e-2,
    weighting: ClassWeighting = None,
    validation: Validation = 0.2,
    seconds: float | None = None,
    batch_nodes: int = 16384,
    device: str = "auto",
    backend: Backend = "auto",
    began: float | None = None,
    progress: Callable[[Epoch], None] | None = None,
    **architecture: Any,
) -> FittedNetwork:
    """Train a `GNN` on what a function cuts, until the validation loss no longer falls.

    Parts in memory become batches at once; those on disk become batches one at a time, drawn by annotated area.

    Parameters
    ----------
    cut : Cut
        Gives the parts for training and for validation.
    shape : Shape
        Of the features and classes.
    seed : int
        Of the split, the first weights, dropout and the order of batches; torch's own state stays as it was.
    epochs, patience, learning_rate, weight_decay, seconds
        See `Schedule`.
    weighting : {"balanced", None}
        See `class_weights`.
    validation : float or sequence of int
        Share held out, or the numbers of the images held out, see `split_nodes`.
    batch_nodes : int
        The most nodes in one step.
    device, backend : str
        See `choose_device` and `message_passing`.
    began : float, optional
        The `time.monotonic()` at which the seconds began to count; by default now.
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
        If a side of the split has no annotated pixel, or a parameter is out of range.
    """
    began = time.monotonic() if began is None else began
    schedule = Schedule(epochs, patience, learning_rate, weight_decay, seconds)
    config = GNNConfig(**shape._asdict(), **architecture)
    on = choose_device(device)
    if batch_nodes < 1:
        raise ParameterError(f"batch_nodes is {batch_nodes}; a batch needs at least 1 node")
    sides = cut(hops=config.layers, most_nodes=batch_nodes, validation=validation, seed=seed)
    pixels = np.sum([part.pixels for part in sides.training], axis=0)
    weights = class_weights(torch.tensor(pixels, device=on), weighting)
    rng = np.random.default_rng(seed)
    made = [
        Batches(list(_groups(parts, batch_nodes, rng)), sides.scaling, on, backend)
        for parts in (sides.training, sides.validation)
    ]
    draw = drawn_by_area(made[0].areas) if sides.streamed else None
    training, validating = made if sides.streamed else map(list, made)
    with torch.random.fork_rng(devices=[on] if on.type == "cuda" else []):
        torch.manual_seed(seed)
        network = GNN(config).to(on)
        steps, left = DrawnBatches(training, draw), schedule.left(began)
        history = optimise(network, steps, validating, left, weights=weights, rng=rng, progress=progress)
    return FittedNetwork(network.cpu(), sides.scaling, history, sides.split)


def _groups(parts: Sequence[AnyPart], batch_nodes: int, rng: np.random.Generator) -> Iterator[list[AnyPart]]:
    """Parts in random order, grouped to batches: small ones where there is little, for more steps."""
    nodes = sum(part.number_of_nodes for part in parts)
    return grouped([parts[i] for i in rng.permutation(len(parts))], min(batch_nodes, -(-nodes // STEPS)))
