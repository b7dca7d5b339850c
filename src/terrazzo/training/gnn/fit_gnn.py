"""Fit a model on region graphs with targets."""

from __future__ import annotations

import time
from collections.abc import Sequence

import dask
from dask.delayed import Delayed

from terrazzo.errors import ParameterError
from terrazzo.models.device import choose_device
from terrazzo.models.gnn.model import Model
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.progress import shows_progress
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.settings import answers
from terrazzo.training.gnn.settings import GNNTraining
from terrazzo.training.gnn.train import train
from terrazzo.training.rules.annotated_inputs import check_annotation, pixels_of
from terrazzo.training.rules.named_classes import ClassNames, chosen_colours, chosen_names, given_colours
from terrazzo.training.rules.optimise import figures_of
from terrazzo.wording import listed


@shows_progress
@answers(network=GNNSettings, training=GNNTraining)
def fit_gnn(
    graphs: Sequence[RegionGraph | Delayed],
    targets: Sequence[NodeTargets | Delayed],
    *,
    recipe: Recipe,
    class_names: ClassNames | None = None,
    pixel_size: tuple[float, ...] | None = None,
    pixel_unit: str | None = None,
    network: GNNSettings = GNNSettings(),
    training: GNNTraining = GNNTraining(),
) -> Model:
    """Train a network on region graphs of any labels and return it as a model.

    A region hears its neighbours with a matrix for each direction: the sector, of 8 or in a volume of 26, in which a
    neighbour's centroid lies. Regions decide, on one level. Where images are at hand and regions need not be yours,
    `fit` learns more: on the lattice of superpixels it has coarser levels, and pixels decide.

    Parameters
    ----------
    graphs : sequence of RegionGraph, or lazy ones
        The graphs, all made by `recipe`.
    targets : sequence of NodeTargets, or lazy ones
        The annotated pixels of each class under each node.
    recipe : Recipe
        How images become graphs; it goes with the model. Its superpixels have a size for each axis of the graphs, in
        units of which directions are told.
    class_names : sequence of str, or mapping of str to str, optional
        One name per class, by default "class 0", "class 1", ...; or a colour `#rrggbb` for each name.
    pixel_size : tuple of float, optional
        The pixel size `(y, x)` or `(z, y, x)` of the images.
    pixel_unit : str, optional
        Its unit, such as "micrometer".
    network : GNNSettings
        The shape of the network.
    training : GNNTraining
        How it is trained.

    Returns
    -------
    Model

    Raises
    ------
    ParameterError
        If graphs, targets, recipe and names do not fit each other, or the annotation cannot be learned from.
    """
    began = time.monotonic()
    if not isinstance(network, GNNSettings) or not isinstance(training, GNNTraining):
        raise ParameterError(
            f"the network is a {type(network).__name__} and the training a {type(training).__name__}; on graphs, which "
            "come without pixels and without a lattice, give GNNSettings with GNNTraining"
        )
    choose_device(training.device)
    computed: list[RegionGraph] = list(dask.compute(*graphs))
    counted: list[NodeTargets] = list(dask.compute(*targets))
    _check_pairs(computed, counted, recipe, edges=network.crf_steps > 0)
    classes = counted[0].number_of_classes
    names, palette = chosen_names(class_names, classes), chosen_colours(given_colours(class_names), classes)
    check_annotation(pixels_of(target.counts for target in counted), names)
    fitted = train(computed, counted, recipe, network, training, began)
    figures = figures_of(fitted.course.history, fitted.course.steps, time.monotonic() - began)
    named = names, palette, pixel_size, figures | dict(fitted.errors), pixel_unit
    return Model(fitted.network, fitted.scaling, recipe, *named, temperature=fitted.temperature)


def _check_pairs(graphs: Sequence[RegionGraph], targets: Sequence[NodeTargets], recipe: Recipe, *, edges: bool) -> None:
    if len(graphs) != len(targets) or not graphs:
        raise ParameterError(f"{len(graphs)} graphs came with {len(targets)} targets; give one target per graph")
    axes = len(recipe.superpixels.size)
    for number, (graph, target) in enumerate(zip(graphs, targets, strict=True)):
        if graph.positions.shape[1] != axes:
            raise ParameterError(
                f"graph {number} has {graph.positions.shape[1]} axes and the recipe's superpixels {axes}; give a "
                "Recipe with superpixels=SuperpixelParameters(size), one size per axis"
            )
        if graph.node_columns != recipe.node_columns:
            raise ParameterError(
                f"graph {number} has other features than the recipe; build all graphs with recipe.features"
            )
        if edges and graph.edge_columns != recipe.edge_columns:
            raise ParameterError(
                f"graph {number} has the edge features {listed(graph.edge_columns)} and the recipe "
                f"{listed(recipe.edge_columns)}; a conditional random field looks at them: build all graphs by the "
                "recipe, or leave crf_steps at 0"
            )
        if graph.number_of_nodes != len(target.counts):
            raise ParameterError(
                f"graph {number} has {graph.number_of_nodes} nodes and its targets {len(target.counts)}; "
                "count the annotation on the same regions"
            )
        if target.number_of_classes != targets[0].number_of_classes:
            raise ParameterError(
                f"targets {number} have {target.number_of_classes} classes and targets 0 have "
                f"{targets[0].number_of_classes}; count all annotations with the same number of classes"
            )
