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
from terrazzo.regions.intensities.distribution import Distribution
from terrazzo.settings import answers
from terrazzo.training.gnn.fit_network import fit_network
from terrazzo.training.gnn.train_network import FittedNetwork
from terrazzo.training.rules.named_classes import ClassNames, chosen_colours, chosen_names, given_colours
from terrazzo.training.rules.optimise import figures_of
from terrazzo.training.rules.training import GNNTraining


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
    """Train a graph neural network and return it as a model.

    Parameters
    ----------
    graphs : sequence of RegionGraph, or lazy ones
        The graphs, all made by `recipe`.
    targets : sequence of NodeTargets, or lazy ones
        The annotated pixels of each class under each node.
    recipe : Recipe
        How images become graphs; it goes with the model.
    class_names : sequence of str, or mapping of str to str, optional
        One name per class, by default "class 0", "class 1", ...; or a colour `#rrggbb` for each name.
    pixel_size : tuple of float, optional
        The pixel size `(y, x)` or `(z, y, x)` of the images.
    pixel_unit : str, optional
        Its unit, such as "micrometer".
    network : GNNSettings
        The shape of the network.
    training : GNNTraining
        How it is trained; graphs are in memory, so that `block`, `streaming` and `scratch` do not apply.

    Returns
    -------
    Model

    Raises
    ------
    ParameterError
        If graphs, targets, recipe and names do not fit each other, or the annotation cannot be learned from.
    """
    choose_device(training.device)
    computed: list[RegionGraph] = list(dask.compute(*graphs))
    counted: list[NodeTargets] = list(dask.compute(*targets))
    if any(graph.node_columns != recipe.node_columns for graph in computed):
        raise ParameterError("a graph has other features than the recipe; build all graphs with recipe.features")
    classes = counted[0].number_of_classes if counted else 0
    names, palette = chosen_names(class_names, classes), chosen_colours(given_colours(class_names), classes)
    began = time.perf_counter()
    fitted = fit_network(computed, counted, network=network, training=training, class_names=names)
    return as_model(fitted, recipe, names, palette, pixel_size, pixel_unit, time.perf_counter() - began)


def as_model(
    fitted: FittedNetwork,
    recipe: Recipe,
    names: tuple[str, ...],
    colours: tuple[str, ...],
    pixel_size: tuple[float, ...] | None,
    pixel_unit: str | None,
    seconds: float,
    seen: Distribution | None = None,
) -> Model:
    """Return a trained network as a model that says how its fit went."""
    figures = figures_of(fitted.history, fitted.steps, seconds) | dict(fitted.errors)
    named = names, colours, pixel_size, figures, pixel_unit, seen
    return Model(fitted.network, fitted.scaling, recipe, *named, fitted.temperature)
