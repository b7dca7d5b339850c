"""Fit a lattice network on graphs that are on disk, from the weights of the fit before where there is one."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from distributed import Client
from numpy.typing import NDArray

from terrazzo.models.device import choose_device
from terrazzo.models.lattice.model import LatticeModel
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.project.kept_tables import AnnotatedGraph
from terrazzo.regions.classes.boundary_weights import BoundaryWeights
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.training.lattice.settings import LatticeTraining
from terrazzo.training.lattice.split_cells import gap_of, split_tables
from terrazzo.training.lattice.start import Start, network_of
from terrazzo.training.lattice.train import train
from terrazzo.training.lattice.training_task import MOST_JUDGED
from terrazzo.training.rules.annotated_inputs import check_annotation, common_pixel_size
from terrazzo.training.rules.seen_intensities import seen_intensities

AGAIN = LatticeTraining(epochs=2, learning_rate=1e-3)
"""How a fit goes on from the one before; one from nothing has the default's."""


def training_of(anew: bool, **said: Any) -> LatticeTraining:
    """Return how a fit goes on, or begins at nothing, with what is said in other words than None."""
    given = {name: value for name, value in said.items() if value is not None}
    return replace(LatticeTraining() if anew else AGAIN, **given)


def most_judged(training: LatticeTraining, pooling: tuple[int, ...]) -> int:
    """Return the most cells of the validation side that are looked at.

    Of a short fit they are half of what its steps see, or judging would take longer than learning.
    """
    if training.steps is None:
        return MOST_JUDGED
    sides, windows = training.window(pooling)
    return min(MOST_JUDGED, max(1, training.steps * windows * math.prod(sides) // 2))


def fit_graphs(
    annotated: Sequence[AnnotatedGraph],
    recipe: Recipe,
    classes: Mapping[str, str],
    *,
    network: LatticeSettings | None = None,
    training: LatticeTraining | None = None,
    start: Start | None = None,
    client: Client | None = None,
) -> tuple[LatticeModel, dict[str, int]]:
    """Return a model that is fitted on what is drawn on some graphs, and the annotated pixels of each class.

    Parameters
    ----------
    annotated : sequence of AnnotatedGraph
    recipe : Recipe
        What the graphs were made by.
    classes : mapping of str to str
        Names and colours.
    network : LatticeSettings, optional
    training : LatticeTraining, optional
        Tables are those that are kept, so `copies`, `samples`, `streaming` and `scratch` have no say, nor has `alone`:
        the next fit goes on from this one, and what pixels hear of superpixels is part of it.
    start : Start, optional
    client : distributed.Client, optional
        Where tables are made.

    Raises
    ------
    ParameterError
        If the annotation cannot be learned from, or `network` is not of the shape of `start`.
    """
    began = time.monotonic()
    how = replace(training or training_of(start is None), alone=False)
    device = choose_device(how.device)
    shape = (network or LatticeSettings()) if start is None else network_of(start.model, network)
    edges = shape.crf_steps > 0
    images = [replace(one, edges=edges).tables(how.widest_window, client) for one in annotated]
    counts = [image.tiles.counts.sum(axis=0) for image in images]
    pixels: NDArray[np.float64] = np.asarray(np.sum(counts, axis=0, dtype=np.float64))
    check_annotation(pixels, list(classes), drawn=True)
    gap = gap_of(BoundaryWeights(how.boundary, how.boundary_width), recipe.superpixels.size)
    sides = split_tables(images, validation=how.validation, seed=how.seed, gap=gap)
    axes = len(recipe.superpixels.size)
    pooling = shape.on(recipe.superpixels.size).pooling(axes)
    # a first fit is judged as any other, whose weights it gives
    most = MOST_JUDGED if start is None else most_judged(how, pooling)
    fitted = train(sides, recipe, len(classes), shape, how, device, began, start, most)
    opened = [one.image for one in annotated]
    pixel_size, unit = common_pixel_size(opened)
    figures = fitted.figures(time.monotonic() - began)
    names, colours = tuple(classes), tuple(classes.values())
    seen = seen_intensities(opened, [image.stored for image in opened])
    scales, heat = fitted.scales, fitted.temperatures
    model = LatticeModel(
        fitted.network, scales, recipe, names, colours, pixel_size, figures, unit, seen, heat, fitted.spread
    )
    return model, dict(zip(classes, map(int, pixels.tolist()), strict=True))
