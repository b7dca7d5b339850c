"""Fit a model on region graphs with targets."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from inspect import signature
from typing import Any

import dask
from dask.delayed import Delayed

from terrazzo.errors import ParameterError
from terrazzo.models.device import choose_device
from terrazzo.models.gnn.model import Model
from terrazzo.models.gnn.network import GNNConfig
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.training.gnn.fit_network import fit_network
from terrazzo.training.gnn.train_network import FittedNetwork, train_network
from terrazzo.training.rules.named_classes import chosen_colours, chosen_names
from terrazzo.training.rules.optimise import Epoch, figures_of


def fit_gnn(
    graphs: Sequence[RegionGraph | Delayed],
    targets: Sequence[NodeTargets | Delayed],
    *,
    recipe: Recipe,
    class_names: Sequence[str] | None = None,
    colours: Sequence[str] | None = None,
    pixel_size: tuple[float, ...] | None = None,
    pixel_unit: str | None = None,
    progress: Callable[[Epoch], None] | None = None,
    **settings: Any,
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
    class_names : sequence of str, optional
        One name per class, by default "class 0", "class 1", ...
    colours : sequence of str, optional
        One colour `#rrggbb` per class.
    pixel_size : tuple of float, optional
        The pixel size `(y, x)` or `(z, y, x)` of the images.
    pixel_unit : str, optional
        Its unit, such as "micrometer".
    progress : callable, optional
        Called with each `Epoch`.
    **settings
        As for `train_network`: seed, epochs, patience, learning_rate, seconds, device, width, layers, ...

    Returns
    -------
    Model

    Raises
    ------
    ParameterError
        If graphs, targets, recipe and names do not fit each other, or the annotation cannot be learned from.
    """
    check_settings(settings)
    computed: list[RegionGraph] = list(dask.compute(*graphs))
    counted: list[NodeTargets] = list(dask.compute(*targets))
    if any(graph.node_columns != recipe.node_columns for graph in computed):
        raise ParameterError("a graph has other features than the recipe; build all graphs with recipe.features")
    classes = counted[0].number_of_classes if counted else 0
    names, palette = chosen_names(class_names, classes), chosen_colours(colours, classes)
    began = time.perf_counter()
    fitted = fit_network(computed, counted, progress=progress, **settings)
    return as_model(fitted, recipe, names, palette, pixel_size, pixel_unit, time.perf_counter() - began)


def as_model(
    fitted: FittedNetwork,
    recipe: Recipe,
    names: tuple[str, ...],
    colours: tuple[str, ...],
    pixel_size: tuple[float, ...] | None,
    pixel_unit: str | None,
    seconds: float,
) -> Model:
    """Return a trained network as a model that says how its fit went."""
    figures = figures_of(fitted.history, seconds)
    return Model(fitted.network, fitted.scaling, recipe, names, colours, pixel_size, figures, pixel_unit)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise a ParameterError if a setting of `train_network` is unknown or out of range, before work is done."""
    architecture = {field.name for field in fields(GNNConfig)} - {"node_features", "edge_features", "classes"}
    known = architecture | {"split"} | set(signature(train_network).parameters)
    known -= {"cut", "shape", "architecture", "progress", "began"}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise ParameterError(f"there is no setting {unknown[0]!r}; the settings are {', '.join(sorted(known))}")
    GNNConfig(1, 0, 2, **{name: value for name, value in settings.items() if name in architecture})
    choose_device(settings.get("device", "auto"))
