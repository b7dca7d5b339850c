"""How does a graph neural network learn from annotated graphs?"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.models.device import choose_device
from terrazzo.models.gnn.network import GNN, GNNConfig
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.training.gnn.batches import AnyPart, Batch, Batches, DrawnBatches, grouped
from terrazzo.training.gnn.sides import Cut
from terrazzo.training.rules.calibration import error_figures, region_error, region_temperature
from terrazzo.training.rules.losses import class_weights
from terrazzo.training.rules.optimise import Epoch, best_of, drawn_by_area, optimise
from terrazzo.training.rules.splits import Split
from terrazzo.training.rules.training import GNNTraining

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
    steps : int
        Planned in all: given as `GNNTraining.steps` they repeat the run.
    split : Split or None
        None where training streamed.
    temperature : float
        By which its probabilities are right on the validation side.
    errors : mapping
        The calibration error of that, without and with it.
    """

    network: GNN
    scaling: Scaling
    history: tuple[Epoch, ...]
    steps: int
    split: Split | None
    temperature: float
    errors: Mapping[str, float]

    @property
    def best(self) -> Epoch:
        """The epoch that the weights are from: the one with the lowest validation loss."""
        return best_of(self.history)


def train_network(
    cut: Cut,
    shape: Shape,
    *,
    network: GNNSettings = GNNSettings(),
    training: GNNTraining = GNNTraining(),
    began: float | None = None,
) -> FittedNetwork:
    """Train a `GNN` on what a function cuts, until the validation loss no longer falls.

    Parts in memory become batches at once; those on disk become batches one at a time, drawn by annotated area.

    Parameters
    ----------
    cut : Cut
        Gives the parts for training and for validation.
    shape : Shape
        Of the features and classes.
    network : GNNSettings
    training : GNNTraining
    began : float, optional
        The `time.monotonic()` at which the seconds began to count; by default now.

    Returns
    -------
    FittedNetwork

    Raises
    ------
    ParameterError
        If a side of the split has no annotated pixel, or a parameter is out of range.
    """
    began = time.monotonic() if began is None else began
    on = choose_device(training.device)
    most, seed = training.batch_nodes, training.seed
    sides = cut(hops=network.layers, most_nodes=most, validation=training.validation, seed=seed)
    pixels = np.sum([part.pixels for part in sides.training], axis=0)
    weights = class_weights(torch.tensor(pixels, device=on), training.weighting)
    rng = np.random.default_rng(seed)
    made = [
        Batches(list(_groups(parts, most, rng)), sides.scaling, on, training.backend)
        for parts in (sides.training, sides.validation)
    ]
    draw = drawn_by_area(made[0].areas) if sides.streamed else None
    learned: Sequence[Batch]
    judged: Sequence[Batch]
    learned, judged = made if sides.streamed else map(list, made)
    with torch.random.fork_rng(devices=[on] if on.type == "cuda" else []):
        torch.manual_seed(seed)
        gnn = GNN(GNNConfig(**shape._asdict(), **asdict(network))).to(on)
        course = optimise(gnn, DrawnBatches(learned, draw), judged, training, weights=weights, rng=rng, began=began)
        said, counts = _answers(gnn, judged)
    temperature = region_temperature(said, counts)
    errors = error_figures(region_error(said, counts), region_error(said, counts, temperature))
    return FittedNetwork(gnn.cpu(), sides.scaling, *course, sides.split, temperature, errors)


@torch.no_grad()
def _answers(gnn: GNN, batches: Iterable[Batch]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the logits (N, C) of annotated nodes, and their annotated pixels of each class."""
    logits, counts = [], []
    for batch in batches:
        annotated = batch.pixels > 0
        said = gnn(batch.passing, batch.node_features, batch.edge_features)[annotated]
        shares = batch.fractions[annotated].to(torch.float64) * batch.pixels[annotated][:, None]
        logits.append(said.cpu().numpy())
        counts.append(shares.cpu().numpy())
    return np.concatenate(logits), np.concatenate(counts)


def _groups(parts: Sequence[AnyPart], batch_nodes: int, rng: np.random.Generator) -> Iterator[list[AnyPart]]:
    """Parts in random order, grouped to batches: small ones where there is little, for more steps."""
    nodes = sum(part.number_of_nodes for part in parts)
    return grouped([parts[i] for i in rng.permutation(len(parts))], min(batch_nodes, -(-nodes // STEPS)))
