"""Train a network on annotated images whose graphs do not fit in memory: they stay on disk, in blocks."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial, reduce
from operator import add
from pathlib import Path

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage
from terrazzo.blockwise.runs.write_annotated_graph import write_annotated_graph
from terrazzo.io.failures import about
from terrazzo.io.results.graph_parts import GraphParts
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.progress import Step, tell
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.training.gnn.cut_blocks import CutBlock, StoredGraph, StoredPart, cut_block
from terrazzo.training.gnn.sides import Sides, check_sides
from terrazzo.training.gnn.train_network import FittedNetwork, Shape, train_network
from terrazzo.training.rules.annotated_inputs import check_annotation, pixels_of
from terrazzo.training.rules.split_blocks import HeldOut, split_blocks
from terrazzo.training.rules.splits import Validation
from terrazzo.training.rules.training import GNNTraining


def write_graphs(images: Sequence[AnnotatedImage], folder: Path, client: Client | None = None) -> list[StoredGraph]:
    """Write the graphs of annotated images, block by block, to an empty folder; each is a step of "graphs".

    Parameters
    ----------
    images : sequence of AnnotatedImage
        With one recipe and one number of classes.
    folder : path
        Where to; what is left there after a fit is of no further use.
    client : distributed.Client, optional
        Where the graphs are made, if all its workers see the folder; without it, in this process's threads.

    Raises
    ------
    InputError
        If the folder cannot be written, or an image or annotation holds values that it may not.
    """
    graphs: list[StoredGraph] = []
    for image in images:
        with about(image.path):
            graphs.append(_stored(image, folder / str(len(graphs)), client))
        tell(Step("graphs", len(graphs), len(images)))
    return graphs


def fit_streamed(
    graphs: Sequence[StoredGraph],
    classes: int,
    *,
    network: GNNSettings = GNNSettings(),
    training: GNNTraining = GNNTraining(),
    began: float | None = None,
    client: Client | None = None,
    class_names: Sequence[str] | None = None,
) -> FittedNetwork:
    """Train a `GNN` with a batch, never a graph, in memory.

    Each block's annotated nodes with their ring are cut to fit a batch and written to disk. Batches are drawn by
    annotated area. The feature scaling is fitted block by block, in raster order, whatever finishes first.

    Parameters
    ----------
    graphs : sequence of StoredGraph
        Made by one recipe; the graphs of their blocks are removed once they are cut.
    classes : int
        The number of classes.
    network : GNNSettings
    training : GNNTraining
    began : float, optional
        The `time.monotonic()` at which the seconds began to count; by default now.
    client : distributed.Client, optional
        Where graphs are cut; as for `write_graphs`.
    class_names : sequence of str, optional
        What warnings call the classes.

    Returns
    -------
    FittedNetwork

    Raises
    ------
    ParameterError
        If fewer than two classes are annotated, no block can be held out, or a parameter is out of range.
    """
    check_annotation(_annotated(graphs, classes), class_names)
    recipe = graphs[0].recipe
    shape = Shape(len(recipe.node_columns), len(recipe.edge_columns), classes)
    sides = partial(sides_of_stored, graphs, client=client)
    return train_network(sides, shape, network=network, training=training, began=began)


def sides_of_stored(
    graphs: Sequence[StoredGraph],
    *,
    hops: int,
    most_nodes: int,
    validation: Validation,
    seed: int,
    client: Client | None = None,
) -> Sides:
    """Cut graphs on disk into parts on disk for training and for validation; the graphs are then removed."""
    kept = [number for number, graph in enumerate(graphs) if graph.counts]
    graphs = [graphs[number] for number in kept]
    if not isinstance(validation, int | float):
        validation = [kept.index(number) for number in validation if number in kept]
    splits = split_blocks([graph.counts for graph in graphs], validation=validation, seed=seed)
    training: list[StoredPart] = []
    validating: list[StoredPart] = []
    moments = []
    for graph, held_out in zip(graphs, splits, strict=True):
        for cut in _cut(graph, held_out, hops, most_nodes, client):
            (validating if cut.block in held_out else training).extend(cut.parts)
            moments.append((cut.nodes, cut.edges))
        shutil.rmtree(graph.blocks.path)
    nodes, edges = (reduce(add, column) for column in zip(*moments, strict=True))
    check_sides(training, validating, _annotated(graphs, len(training[0].pixels) if training else 0))
    return Sides(training, validating, Scaling.of_moments(nodes, edges))


def _annotated(graphs: Sequence[StoredGraph], classes: int) -> NDArray[np.float64]:
    """Return the annotated pixels of each class."""
    tables = [table.counts for graph in graphs for table in graph.counts.values()]
    return pixels_of([np.zeros((1, classes), np.uint64), *tables])


def _stored(image: AnnotatedImage, folder: Path, client: Client | None) -> StoredGraph:
    recipe = image.recipe
    blocks, parts = (
        GraphParts(str(folder / kind), recipe.node_columns, recipe.edge_columns) for kind in ("blocks", "parts")
    )
    blocks.make()
    parts.make()
    return StoredGraph(blocks, parts, image.grid, recipe, write_annotated_graph(image, blocks, client))


def _cut(graph: StoredGraph, held_out: HeldOut, hops: int, most_nodes: int, client: Client | None) -> list[CutBlock]:
    """Cut all blocks of a graph; in raster order, so that sums over them are the same in each run."""
    shared = graph, held_out, hops, most_nodes
    cuts = {cut.block: cut for cut in run_blocks(cut_block, graph.counts, *shared, client=client)}
    return [cuts[block] for block in graph.counts]
