"""What does a network on region graphs see in one step? Windows of regions, drawn where they are annotated, turned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from terrazzo.models.messages.receptive_field import reach
from terrazzo.models.messages.settings import DirectedSettings
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.region_graph import RegionGraph

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Window:
    """A graph and the pixels per class, uint32 (N, C), that its nodes answer for; context nodes have none."""

    graph: RegionGraph
    counts: NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Drawing:
    """Graphs of training nodes with their targets, to draw windows from.

    Parameters
    ----------
    graphs, targets : sequence of RegionGraph and of NodeTargets
    unit : tuple of int
        The sides of a cell in pixels.
    """

    graphs: Sequence[RegionGraph]
    targets: Sequence[NodeTargets]
    unit: tuple[int, ...]

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """How often each graph is drawn: by its annotated area."""
        areas = np.array([target.counts.sum(dtype=np.float64) for target in self.targets])
        shares: NDArray[np.float64] = areas / areas.sum()
        return shares

    @cached_property
    def until(self) -> list[NDArray[np.uint64]]:
        """For each graph the annotated pixels up to each of its regions."""
        return [np.cumsum(target.annotated) for target in self.targets]

    def drawn(self, rng: np.random.Generator, nodes: int) -> Window:
        """Return an annotated region and those nearest to a place near it: at most so many.

        A graph is drawn by its annotated area, and so is the region in it.
        """
        number = int(rng.choice(len(self.graphs), p=self.shares))
        graph, counts, until = self.graphs[number], self.targets[number].counts, self.until[number]
        if graph.number_of_nodes <= nodes:
            return Window(graph, counts)
        row = np.searchsorted(until, rng.integers(until[-1]), side="right")
        places = graph.positions / np.array(self.unit)
        axes = places.shape[1]
        # the region is anywhere in the window, which is about so wide
        away = np.abs(places - places[row]).max(axis=1)
        half = np.partition(away, nodes - 1)[nodes - 1]
        far = np.abs(places - (places[row] + rng.uniform(-half, half, axes))).max(axis=1)
        far[row] = 0
        kept = np.sort(np.argpartition(far, nodes - 1)[:nodes])
        return Window(graph.subgraph(kept), counts[kept])


def turned(window: Window, rng: np.random.Generator, unit: tuple[int, ...]) -> Window:
    """Return a window mirrored along axes and with its last two axes swapped, each as often as not.

    Parameters
    ----------
    window : Window
    rng : numpy.random.Generator
    unit : tuple of int
        The sides of a cell: axes with others do not change places.
    """
    positions = window.graph.positions * np.where(rng.random(len(unit)) < 0.5, -1, 1)
    if unit[-1] == unit[-2] and rng.random() < 0.5:
        positions = positions[:, [*range(len(unit) - 2), -1, -2]]
    return replace(window, graph=replace(window.graph, positions=positions))


def with_context(
    graph: RegionGraph,
    counts: NDArray[np.uint32],
    rows: Rows,
    settings: DirectedSettings,
    unit: tuple[int, ...],
    most: int,
) -> Iterator[Window]:
    """Yield the annotated ones of some rows with all nodes that their logits depend on, cut in space where too many.

    Parameters
    ----------
    graph : RegionGraph
    counts : ndarray of uint32, shape (N, C)
    rows : ndarray of int64
        The rows to answer for; each annotated one is in exactly one window.
    settings : DirectedSettings
        Of the network.
    unit : tuple of int
        The sides of a cell in pixels.
    most : int
        Nodes that a window may have, unless a single row needs more.
    """
    annotated = rows[counts[rows].any(axis=1)]
    if annotated.size == 0:
        return
    # what a half depends on lies in what the whole does: each cut looks at its own surroundings alone
    context = needed(graph, annotated, settings, unit)
    graph, counts, own = graph.subgraph(context), counts[context], np.searchsorted(context, annotated)
    if len(context) <= most or len(own) == 1:
        answered = np.zeros_like(counts)
        answered[own] = counts[own]
        yield Window(graph, answered)
        return
    axis = np.ptp(graph.positions[own], axis=0).argmax()
    along = own[np.argsort(graph.positions[own, axis], kind="stable")]
    for half in np.array_split(along, 2):
        yield from with_context(graph, counts, half, settings, unit, most)


def needed(graph: RegionGraph, rows: Rows, settings: DirectedSettings, unit: tuple[int, ...]) -> Rows:
    """Return the rows that the logits of some rows depend on: a box of cells, and around it as many edges as rounds."""
    near = graph.ring(rows, settings.crf_steps + settings.finest)
    if not settings.coarser:
        return near
    cells = np.floor(graph.positions / np.array(unit)).astype(np.int64)
    far = np.array(reach(replace(settings, finest=0), len(unit)))
    inside = (cells >= cells[near].min(axis=0) - far) & (cells <= cells[near].max(axis=0) + far)
    return graph.ring(np.flatnonzero(inside.all(axis=1)), settings.finest)
