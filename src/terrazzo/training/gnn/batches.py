"""What a network on region graphs is graded on: windows of regions as tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from terrazzo.models.gnn.network import GraphNetwork, pairs_of
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.models.messages.backends import Backend
from terrazzo.models.messages.directions import graph_of_regions
from terrazzo.models.messages.graph_passing import GraphPassing
from terrazzo.models.messages.touching_pairs import TouchingPairs
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.training.gnn.settings import GNNTraining
from terrazzo.training.gnn.windows import Drawing, Window, turned
from terrazzo.training.rules.boundary_scale import with_contrast
from terrazzo.training.rules.exposure import Exposure, drawn_exposure
from terrazzo.training.rules.losses import area_weighted_cross_entropy
from terrazzo.training.rules.optimise import Graded

ROUND = 50
"""Steps after which the network is judged."""

WINDOWS = 4
"""Windows in a step."""


@dataclass(frozen=True, eq=False)
class Maker:
    """What makes tensors of windows.

    Parameters
    ----------
    scaling : Scaling
    unit : tuple of int
        The sides of a cell in pixels.
    network : GNNSettings
    device : torch.device
    backend : {"auto", "dgl", "torch"}
    """

    scaling: Scaling
    unit: tuple[int, ...]
    network: GNNSettings
    device: torch.device
    backend: Backend

    def batch(self, windows: Sequence[Window]) -> Batch:
        """Return some windows as one graph."""
        sizes = [window.graph.number_of_nodes for window in windows]
        starts = np.cumsum([0, *sizes[:-1]])
        edges = [window.graph.edge_index + start for window, start in zip(windows, starts, strict=True)]
        targets = NodeTargets(np.concatenate([window.counts for window in windows]))
        rows = np.concatenate([window.graph.node_features for window in windows])
        ends, places = np.concatenate(edges, axis=1), self._apart(windows)
        pooling = self.network.pooling(len(self.unit))
        graph = graph_of_regions(ends, places, self.unit, self.network.coarser, pooling)
        pairs = None
        if self.network.crf_steps:
            features = np.concatenate([window.graph.edge_features for window in windows])
            pairs = pairs_of(ends, features, places, self.unit, self.device)
        return Batch(
            GraphPassing(graph, device=self.device, backend=self.backend),
            torch.from_numpy(self.scaling.nodes(rows)).to(self.device),
            torch.from_numpy(targets.fractions).to(self.device),
            torch.from_numpy(targets.annotated.astype(np.float32)).to(self.device),
            pairs,
        )

    def _apart(self, windows: Sequence[Window]) -> NDArray[np.float64]:
        """Return positions in windows that share no coarse cell and have no neighbouring ones."""
        side = self.network.coarsest(len(self.unit))[0] * self.unit[0]
        moved, free = [], 0
        for window in windows:
            along = window.graph.positions[:, 0]
            shift = np.zeros(len(self.unit))
            shift[0] = free - np.floor(along.min() / side) * side
            moved.append(window.graph.positions + shift)
            free = int(np.floor(moved[-1][:, 0].max() / side) + 3) * side
        return np.concatenate(moved)


@dataclass(frozen=True, eq=False)
class Batch:
    """Regions on their device.

    Parameters
    ----------
    passing : GraphPassing
    rows : Tensor of float32, shape (N, F)
        Scaled features.
    fractions : Tensor of float32, shape (N, C)
        Share of each class in the annotated pixels.
    pixels : Tensor of float32, shape (N,)
        Annotated pixels.
    pairs : TouchingPairs or None
        Those that a conditional random field looks at.
    """

    passing: GraphPassing
    rows: Tensor
    fractions: Tensor
    pixels: Tensor
    pairs: TouchingPairs | None = None

    def logits(self, network: nn.Module) -> Tensor:
        """Return what a `GraphNetwork` says of the regions, shape (N, C)."""
        assert isinstance(network, GraphNetwork)
        return network.logits(self.passing, self.rows, self.pairs)

    def graded(self, network: nn.Module, weights: Tensor | None) -> Graded:
        """Return how a `GraphNetwork` does on it."""
        logits = self.logits(network)
        loss = area_weighted_cross_entropy(logits, self.fractions, self.pixels, weights)
        chosen = functional.one_hot(logits.argmax(dim=1), logits.shape[1]).to(self.pixels.dtype)
        confusion = ((self.fractions * self.pixels[:, None]).T @ chosen).detach()
        pixels = self.pixels.sum()
        return Graded(loss, confusion.diagonal().sum() / pixels.clamp(min=1), pixels, confusion)


@dataclass(frozen=True, eq=False)
class DrawnWindows:
    """Windows drawn where training nodes are annotated, turned and altered: a round takes some of an endless supply.

    Parameters
    ----------
    drawing : Drawing
    maker : Maker
    training : GNNTraining
        Its `turns` are those that features allow.
    exposure : Exposure
        Of the columns.
    units : ndarray of float32, shape (channels,)
        The deviation of each channel's intensities; 0 where no column tells it.
    """

    drawing: Drawing
    maker: Maker
    training: GNNTraining
    exposure: Exposure
    units: NDArray[np.float32]

    def __len__(self) -> int:
        return ROUND

    def epoch(self, rng: np.random.Generator) -> Iterator[Batch]:
        """Yield the batches of a round."""
        for _ in range(ROUND):
            windows = [self.drawing.drawn(rng, -(-self.training.batch_nodes // WINDOWS)) for _ in range(WINDOWS)]
            if self.training.turns:
                windows = [turned(window, rng, self.maker.unit) for window in windows]
            yield self.maker.batch([self._altered(window, rng) for window in windows])

    def _altered(self, window: Window, rng: np.random.Generator) -> Window:
        """Return a window at another contrast and brightness."""
        factor, moved = drawn_exposure(rng, self.training.contrast, self.training.brightness, self.units)
        rows = self.exposure.altered(window.graph.node_features, factor, moved)
        edges = with_contrast(window.graph.edge_features, factor)
        return replace(window, graph=replace(window.graph, node_features=rows, edge_features=edges))
