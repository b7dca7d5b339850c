"""Fit a network on the region graphs of annotated images."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from distributed import Client

from terrazzo.blockwise.arrays.annotated_graph import lazy_annotated_graph
from terrazzo.blockwise.cluster.active_client import active_client, client_sharing
from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage
from terrazzo.io.failures import about
from terrazzo.models.gnn.model import Model
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.progress import Step, tell
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.training.gnn.fit_gnn import as_model
from terrazzo.training.gnn.fit_network import fit_network
from terrazzo.training.gnn.fit_streamed import fit_streamed, write_graphs
from terrazzo.training.gnn.train_network import FittedNetwork
from terrazzo.training.rules.annotated_images import AnnotatedImages, scratch_folder
from terrazzo.training.rules.training import GNNTraining


def fit_gnn_on_images(learned: AnnotatedImages, network: GNNSettings, training: GNNTraining) -> Model:
    """Build the region graph of each image and train a graph neural network on them; see `fit`."""
    inputs, seen = learned.inputs, learned.seen
    named = inputs.class_names
    fitted, seconds = fit_annotated(learned.annotated, network, training, active_client(), class_names=named)
    return as_model(fitted, learned.recipe, inputs.class_names, inputs.colours, *inputs.pixel_size, seconds, seen)


MOST_NODES_IN_MEMORY = 2**20
"""Cells near annotated pixels above which graphs stay on disk: a fit of so many, with one channel, peaks at 2.3 GiB."""


def fit_annotated(
    annotated: Sequence[AnnotatedImage],
    network: GNNSettings,
    training: GNNTraining,
    client: Client | None = None,
    class_names: Sequence[str] | None = None,
) -> tuple[FittedNetwork, float]:
    """Return a network trained on the wanted blocks of annotated images, and the seconds that training took.

    Parameters
    ----------
    annotated : sequence of AnnotatedImage
        With one recipe and one number of classes.
    network : GNNSettings
    training : GNNTraining
        Its seconds are those of the graphs and of training together.
    client : distributed.Client, optional
        Where graphs are made that go to disk, if all its workers see the scratch folder; those in memory are made where
        Dask computes.
    class_names : sequence of str, optional
        What warnings call the classes.
    """
    began = time.monotonic()
    train = partial(_timed, network=network, training=training, class_names=class_names, began=began)
    if not _streams(annotated, training):
        return train(fit_network, *_graphs(annotated, network.layers))
    with scratch_folder(training.scratch) as folder:
        client = client_sharing(folder, client)
        graphs = write_graphs(annotated, folder, client)
        return train(fit_streamed, graphs, annotated[0].classes, client=client)


def _streams(annotated: Sequence[AnnotatedImage], training: GNNTraining) -> bool:
    """Return whether graphs stay on disk: as asked, or where they might have too many nodes."""
    if training.streaming == "auto":
        return training.split is None and sum(one.cells for one in annotated) > MOST_NODES_IN_MEMORY
    return training.streaming


def _timed(train: Callable[..., FittedNetwork], *given: Any, **settings: Any) -> tuple[FittedNetwork, float]:
    began = time.perf_counter()
    return train(*given, **settings), time.perf_counter() - began


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
