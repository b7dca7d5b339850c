"""Train a nested graph network to make again what it saw, on windows of a graph."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.models.nested.network import NestedConfig, NestedNetwork, Prepared
from terrazzo.models.nested.settings import NestedSettings
from terrazzo.progress import Step, tell
from terrazzo.regions.graphs.nested_graph import NestedGraph
from terrazzo.training.nested.settings import NestedTraining
from terrazzo.training.rules.adamw import AdamW
from terrazzo.training.rules.schedule import Schedule

# Over so many of the last steps losses are averaged.
LAST = 20


class Trained(NamedTuple):
    """A trained network, on the CPU, and its losses at the end."""

    network: NestedNetwork
    figures: dict[str, float]


def train(
    graph: NestedGraph,
    positions: NDArray[np.float64],
    settings: NestedSettings,
    training: NestedTraining,
    device: torch.device,
) -> Trained:
    """Return a network that was trained on a graph.

    Parameters
    ----------
    graph : NestedGraph
    positions : ndarray of float64, shape (N, D)
        Where nodes are: a step on a part of a large graph sees regions that lie side by side.
    settings : NestedSettings
    training : NestedTraining
    device : torch.device
    """
    rng = np.random.default_rng(training.seed)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(training.seed)
        network = NestedNetwork(NestedConfig(graph.values.shape[1], settings)).to(device).train()
        if settings.centred:
            network.mean.data.copy_(torch.from_numpy(graph.values.mean(axis=0, dtype=np.float64)))
    optimiser = AdamW(network)
    schedule = Schedule(training.steps, training.learning_rate)
    windows = _Windows(graph, positions, training.nodes, settings, device)
    losses: list[tuple[float, float]] = []
    for step in range(training.steps):
        window = windows.drawn(rng)
        shuffled = torch.from_numpy(rng.permutation(len(window.values))).to(device)
        error, told = network.loss(window, shuffled)
        torch.autograd.backward(training.reconstruction * error + told)
        optimiser.step(schedule.rate(step))
        losses.append((error.item(), told.item()))
        tell(Step("training", step + 1, training.steps))
    error, told = np.mean(losses[-LAST:], axis=0)
    figures = {"steps": float(training.steps), "reconstruction_error": float(error), "contrastive_loss": float(told)}
    return Trained(network.eval().cpu(), figures)


class _Windows:
    """What a step sees: all of a small graph, or of a large one the regions nearest to one that is drawn."""

    def __init__(
        self,
        graph: NestedGraph,
        positions: NDArray[np.float64],
        nodes: int,
        settings: NestedSettings,
        device: torch.device,
    ) -> None:
        self._graph, self._nodes, self._settings, self._device = graph, nodes, settings, device
        self._whole = Prepared.of(graph, settings, device) if len(graph.values) <= nodes else None
        self._counts = np.bincount(graph.regions, minlength=len(graph.inner))
        summed = (np.bincount(graph.regions, axis, minlength=len(graph.inner)) for axis in positions.T)
        self._middles = np.stack(list(summed), axis=1) / np.maximum(self._counts, 1)[:, None]

    def drawn(self, rng: np.random.Generator) -> Prepared:
        """Return the window of a step."""
        if self._whole is not None:
            return self._whole
        middle = self._middles[rng.integers(len(self._middles))]
        nearest = np.argsort(np.square(self._middles - middle).sum(axis=1), kind="stable")
        number = int(np.searchsorted(np.cumsum(self._counts[nearest]), self._nodes, side="right"))
        return Prepared.of(self._graph.within(nearest[: max(1, number)]), self._settings, self._device)
