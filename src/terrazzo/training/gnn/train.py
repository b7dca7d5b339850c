"""How does a network learn from annotated region graphs?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.errors import ParameterError
from terrazzo.models.device import choose_device
from terrazzo.models.gnn.network import GraphConfig, GraphNetwork
from terrazzo.models.gnn.settings import GNNSettings
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.graphs.scaling import Scaling
from terrazzo.training.gnn.batches import Batch, DrawnWindows, Maker
from terrazzo.training.gnn.settings import GNNTraining
from terrazzo.training.gnn.windows import Drawing, Window, with_context
from terrazzo.training.rules.annotated_inputs import pixels_of
from terrazzo.training.rules.boundary_scale import boundary_scale
from terrazzo.training.rules.calibration import error_figures, region_error, region_temperature
from terrazzo.training.rules.exposure import Exposure
from terrazzo.training.rules.losses import class_weights
from terrazzo.training.rules.optimise import Course, optimise
from terrazzo.training.rules.some_of_each import some_of_each, stands_for
from terrazzo.training.rules.splits import split_nodes
from terrazzo.training.rules.turning import turning

MOST_JUDGED, MOST_AT_ONCE = 2**17, 2**16
"""Regions that a round of validation looks at, about; and how many of them at once."""


@dataclass(frozen=True, eq=False)
class FittedGraphNetwork:
    """A trained network with what is needed to apply it, and how training went.

    Parameters
    ----------
    network : GraphNetwork
        With the weights of its best round, on the CPU, in evaluation mode.
    scaling : Scaling
        Of the training nodes.
    course : Course
    temperature : float
        By which its probabilities are right on the validation side.
    errors : mapping of str to float
        The calibration error of that, without and with it.
    """

    network: GraphNetwork
    scaling: Scaling
    course: Course
    temperature: float
    errors: Mapping[str, float]


def train(
    graphs: Sequence[RegionGraph],
    targets: Sequence[NodeTargets],
    recipe: Recipe,
    network: GNNSettings,
    training: GNNTraining,
    began: float,
) -> FittedGraphNetwork:
    """Train a network on annotated graphs.

    Training sees windows of training nodes only: nodes held out are not even neighbours. Validation sees all that its
    logits depend on. On the CPU the same seed and steps give the same weights.

    Parameters
    ----------
    graphs, targets : sequence of RegionGraph and of NodeTargets
        That fit each other.
    recipe : Recipe
        What the graphs were made by.
    network : GNNSettings
    training : GNNTraining
    began : float
        The `time.monotonic()` at which the seconds began to count.

    Raises
    ------
    ParameterError
        If a side of the split has no annotated pixel, or the loss is no longer finite.
    """
    device, seed = choose_device(training.device), training.seed
    split = training.split or split_nodes(graphs, targets, validation=training.validation, seed=seed)
    scaling, unit = Scaling.fit(graphs, split.training), recipe.superpixels.size
    network = network.on(unit)
    maker = Maker(scaling, unit, network, device, training.backend)
    seen = [np.unique(rows) for rows in split.training]
    drawing = Drawing(
        [graph.subgraph(rows) for graph, rows in zip(graphs, seen, strict=True)],
        [NodeTargets(target.counts[rows]) for target, rows in zip(targets, seen, strict=True)],
        unit,
    )
    held = [
        window
        for graph, target, rows in zip(graphs, targets, split.validation, strict=True)
        for window in with_context(graph, target.counts, rows, network, unit, MOST_AT_ONCE)
    ]
    pixels = pixels_of(target.counts for target in drawing.targets)
    check_sides(pixels, held, pixels_of(target.counts for target in targets))
    found = np.stack([window.counts.sum(axis=0) for window in held])
    looked_at = some_of_each(found, -(-len(held) // max(1, round(_nodes(held) / MOST_JUDGED))), seed)
    by_class = stands_for(found, looked_at)
    weighed = (
        replace(one, counts=np.rint(one.counts * by_class).astype(np.uint32))
        for one in map(held.__getitem__, looked_at)
    )
    judged = [maker.batch([window]) for window in weighed]
    how = replace(training, turns=turning(training.turns, recipe.features))
    windows = DrawnWindows(
        drawing, maker, how, Exposure.of(recipe.node_columns, recipe.channels), _units(recipe, scaling)
    )
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        columns = len(recipe.node_columns), len(recipe.edge_columns)
        made = GraphNetwork(GraphConfig(len(unit), columns[0], targets[0].number_of_classes, network, columns[1]))
        if made.crf is not None:
            made.crf.scale(*boundary_scale(graph.edge_features for graph in drawing.graphs))
        made = made.to(device)
        weights = class_weights(torch.tensor(pixels, device=device), training.weighting)
        rng = np.random.default_rng(seed)
        course = optimise(made, windows, judged, training, weights=weights, rng=rng, began=began)
        said, counts = _answers(made, judged)
    temperature = region_temperature(said, counts)
    errors = error_figures(region_error(said, counts), region_error(said, counts, temperature))
    return FittedGraphNetwork(made.cpu(), scaling, course, temperature, errors)


@torch.no_grad()
def _answers(network: GraphNetwork, batches: Sequence[Batch]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return the logits (N, C) of annotated regions, and their annotated pixels of each class."""
    logits, counts = [], []
    for batch in batches:
        annotated = batch.pixels > 0
        shares = batch.fractions[annotated].to(torch.float64) * batch.pixels[annotated][:, None]
        logits.append(batch.logits(network)[annotated].cpu().numpy())
        counts.append(shares.cpu().numpy())
    return np.concatenate(logits), np.concatenate(counts)


def check_sides(trained: NDArray[np.float64], validation: Sequence[Window], annotated: NDArray[np.float64]) -> None:
    """Raise a ParameterError if a class is annotated, but not where training is, or nothing is held out."""
    lost = np.flatnonzero((trained == 0) & (annotated > 0))
    if lost.size:
        raise ParameterError(f"class {lost[0]} is annotated, but on no training node; annotate more of it")
    if not validation:
        raise ParameterError("the split leaves no annotated pixel for validation; annotate more")


def _nodes(windows: Sequence[Window]) -> int:
    return sum(window.graph.number_of_nodes for window in windows)


def _units(recipe: Recipe, scaling: Scaling) -> NDArray[np.float32]:
    """Return the deviation of each channel's mean over regions; 0 where it is not among the features."""
    names = recipe.node_columns
    means = [f"mean_{channel}" for channel in range(recipe.channels)]
    return np.array([scaling.node_std[names.index(name)] if name in names else 0 for name in means], np.float32)
