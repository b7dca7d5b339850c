"""What does a network see in one step? Parts of graphs, each with the ring that it depends on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from terrazzo.models.messages.message_passing import Backend, MessagePassing, both_directions, message_passing
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.training.rules.losses import area_weighted_cross_entropy
from terrazzo.training.rules.optimise import Draw, Graded


@dataclass(frozen=True, eq=False)
class Part:
    """A graph and the pixels per class, uint32 (N, C), that its nodes answer for; context nodes have none."""

    graph: RegionGraph
    counts: NDArray[np.uint32]

    @property
    def number_of_nodes(self) -> int:
        """Nodes, context included."""
        return self.graph.number_of_nodes

    @property
    def pixels(self) -> NDArray[np.float64]:
        """Annotated pixels of each class, (C,)."""
        pixels: NDArray[np.float64] = self.counts.sum(axis=0, dtype=np.float64)
        return pixels

    def read(self) -> "Part":
        """The part itself: it is in memory."""
        return self


class AnyPart(Protocol):
    """A part, in memory or on disk."""

    @property
    def number_of_nodes(self) -> int:
        """Nodes, context included."""
        ...

    @property
    def pixels(self) -> NDArray[np.float64]:
        """Annotated pixels of each class, (C,)."""
        ...

    def read(self) -> Part:
        """The part in memory."""
        ...


_P = TypeVar("_P", bound=AnyPart)


@dataclass(frozen=True, eq=False)
class Batch:
    """Everything of one step, on its device; see `GNN.forward` and `area_weighted_cross_entropy`."""

    passing: MessagePassing
    node_features: Tensor
    edge_features: Tensor
    fractions: Tensor
    pixels: Tensor

    def graded(self, network: nn.Module, weights: Tensor | None) -> Graded:
        """How a `GNN` does on it."""
        logits = network(self.passing, self.node_features, self.edge_features)
        right = self.fractions.gather(1, logits.argmax(dim=1, keepdim=True))[:, 0]
        pixels = self.pixels.sum()
        loss = area_weighted_cross_entropy(logits, self.fractions, self.pixels, weights)
        return Graded(loss, (right * self.pixels).sum() / pixels, pixels)


def parts_of(
    graph: RegionGraph, targets: NodeTargets, rows: NDArray[np.int64], *, hops: int, most_nodes: int
) -> Iterator[Part]:
    """The annotated ones of some rows with all nodes within `hops` of them, cut in space where too many.

    Parameters
    ----------
    graph : RegionGraph
    targets : NodeTargets
    rows : ndarray of int64
        The rows to answer for; each annotated one is in exactly one part.
    hops : int
        Depth of the network.
    most_nodes : int
        Nodes that a part may have, unless a single row needs more.

    Yields
    ------
    Part
    """
    annotated = rows[targets.counts[rows].any(axis=1)]
    if annotated.size == 0:
        return
    for context, own in _cut(graph, annotated, hops, most_nodes):
        counts = np.where(np.isin(context, own)[:, None], targets.counts[context], np.uint32(0))
        yield Part(graph.subgraph(context), counts)


def grouped(parts: Sequence[_P], most_nodes: int) -> Iterator[list[_P]]:
    """Consecutive parts that together have at most `most_nodes` nodes; a larger one stands alone."""
    group: list[_P] = []
    nodes = 0
    for part in parts:
        if group and nodes + part.number_of_nodes > most_nodes:
            yield group
            group, nodes = [], 0
        group.append(part)
        nodes += part.number_of_nodes
    if group:
        yield group


def batch_of(parts: Sequence[Part], scaling: Scaling, *, device: torch.device, backend: Backend) -> Batch:
    """The disjoint union of some parts, scaled, as tensors on a device."""
    sizes = [part.graph.number_of_nodes for part in parts]
    starts = np.cumsum([0, *sizes[:-1]])
    edges = [part.graph.edge_index + start for part, start in zip(parts, starts, strict=True)]
    targets = NodeTargets(np.concatenate([part.counts for part in parts]))
    node_features = scaling.nodes(np.concatenate([part.graph.node_features for part in parts]))
    edge_features = scaling.edges(np.concatenate([part.graph.edge_features for part in parts]))
    return Batch(
        passing=message_passing(np.concatenate(edges, axis=1), sum(sizes), device=device, backend=backend),
        node_features=torch.from_numpy(node_features).to(device),
        edge_features=both_directions(torch.from_numpy(edge_features).to(device)),
        fractions=torch.from_numpy(targets.fractions).to(device),
        pixels=torch.from_numpy(targets.annotated.astype(np.float32)).to(device),
    )


class Batches(Sequence[Batch]):
    """Groups of parts that become batches when they are asked for: one is in memory at a time.

    Parameters
    ----------
    groups : sequence of sequence of AnyPart
    scaling : Scaling
    device : torch.device
    backend : str
        See `message_passing`.
    """

    def __init__(
        self, groups: Sequence[Sequence[AnyPart]], scaling: Scaling, device: torch.device, backend: Backend
    ) -> None:
        self._groups, self._scaling, self._device, self._backend = groups, scaling, device, backend

    @property
    def areas(self) -> NDArray[np.float64]:
        """Annotated pixels of each batch."""
        return np.array([sum(float(part.pixels.sum()) for part in group) for group in self._groups])

    def __len__(self) -> int:
        return len(self._groups)

    @overload
    def __getitem__(self, number: int) -> Batch: ...
    @overload
    def __getitem__(self, number: slice) -> "Batches": ...
    def __getitem__(self, number: int | slice) -> "Batch | Batches":
        if isinstance(number, slice):
            return Batches(self._groups[number], self._scaling, self._device, self._backend)
        parts = [part.read() for part in self._groups[number]]
        return batch_of(parts, self._scaling, device=self._device, backend=self._backend)


@dataclass(frozen=True, eq=False)
class DrawnBatches:
    """Batches in the order that `draw` gives, by default each once an epoch, in random order."""

    batches: Sequence[Batch]
    draw: Draw | None = None

    def __len__(self) -> int:
        return len(self.batches)

    def epoch(self, rng: np.random.Generator) -> Iterator[Batch]:
        """The batches of one epoch."""
        for row in rng.permutation(len(self.batches)) if self.draw is None else self.draw(rng):
            yield self.batches[row]


_Cut = tuple[NDArray[np.int64], NDArray[np.int64]]


def _cut(graph: RegionGraph, rows: NDArray[np.int64], hops: int, most_nodes: int) -> Iterator[_Cut]:
    """Halve the rows along their longer side until they fit together with their ring."""
    context = graph.ring(rows, hops)
    if len(context) <= most_nodes or len(rows) == 1:
        yield context, rows
        return
    axis = np.ptp(graph.positions[rows], axis=0).argmax()
    along = rows[np.argsort(graph.positions[rows, axis], kind="stable")]
    for half in np.array_split(along, 2):
        yield from _cut(graph, half, hops, most_nodes)
