"""Train on annotated images, with their graphs in memory where they are small and on disk where they are large."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from terrazzo.blockwise.arrays.annotated_graph import lazy_annotated_graph
from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage
from terrazzo.errors import InputError
from terrazzo.io.failures import about
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.progress import Step, tell
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.training.gnn.fit_network import fit_network
from terrazzo.training.gnn.fit_streamed import fit_streamed, write_graphs
from terrazzo.training.gnn.settings import GNNTraining
from terrazzo.training.gnn.train_network import FittedNetwork

MOST_NODES_IN_MEMORY = 2**20
"""Cells near annotated pixels above which graphs stay on disk: a fit of so many, with one channel, peaks at 2.3 GiB."""


def fit_annotated(
    annotated: Sequence[AnnotatedImage], network: GNNSettings, training: GNNTraining
) -> tuple[FittedNetwork, float]:
    """Return a network trained on the wanted blocks of annotated images, and the seconds that training took.

    Parameters
    ----------
    annotated : sequence of AnnotatedImage
        With one recipe and one number of classes.
    network : GNNSettings
    training : GNNTraining
        Its seconds are those of the graphs and of training together.
    """
    train = partial(_timed, network=network, training=training, began=time.monotonic())
    if not _streams(annotated, training):
        return train(fit_network, *_graphs(annotated, network.layers))
    with _scratch(training.scratch) as folder:
        return train(fit_streamed, write_graphs(annotated, folder), annotated[0].classes)


def _streams(annotated: Sequence[AnnotatedImage], training: GNNTraining) -> bool:
    """Return whether graphs stay on disk: as asked, or where they might have too many nodes."""
    if training.streaming == "auto":
        return training.split is None and sum(one.cells for one in annotated) > MOST_NODES_IN_MEMORY
    return training.streaming


def _timed(train: Callable[..., FittedNetwork], *given: Any, **settings: Any) -> tuple[FittedNetwork, float]:
    began = time.perf_counter()
    return train(*given, **settings), time.perf_counter() - began


@contextmanager
def _scratch(parent: str | Path | None) -> Iterator[Path]:
    """Make a folder for graphs, and remove it in the end."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="terrazzo-", dir=parent)
    except OSError as error:
        raise InputError(f"graphs cannot be written to '{parent}': {error}; choose another scratch folder") from error
    with folder as path:
        yield Path(path)


def _graphs(annotated: Sequence[AnnotatedImage], layers: int) -> tuple[list[RegionGraph], list[NodeTargets]]:
    """Return of each graph the nodes that are annotated with the ring that their logits depend on."""
    graphs: list[RegionGraph] = []
    targets: list[NodeTargets] = []
    for one in annotated:
        with about(one.path):
            graph, target = lazy_annotated_graph(one).compute()
        rows = graph.ring(np.flatnonzero(target.annotated), layers)
        graphs.append(graph.subgraph(rows))
        targets.append(NodeTargets(target.counts[rows]))
        tell(Step("graphs", len(graphs), len(annotated)))
    return graphs, targets
