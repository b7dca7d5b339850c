"""How does a lattice network learn from tables of superpixels and pixels?"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

import numpy as np
import torch
from numpy.typing import NDArray

from terrazzo.models.device import torch_threads
from terrazzo.models.lattice.cell_rows import place_columns
from terrazzo.models.lattice.model import config_of
from terrazzo.models.lattice.network import LatticeNetwork
from terrazzo.models.lattice.pixel_responses import response_columns
from terrazzo.models.lattice.scales import Scales
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.models.lattice.temperatures import Temperatures
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.row_spread import RowSpread
from terrazzo.regions.graphs.scaling import FeatureMoments
from terrazzo.training.lattice.altered_share import altered_share
from terrazzo.training.lattice.batches import Batch, DrawnWindows
from terrazzo.training.lattice.calibrate import calibrated
from terrazzo.training.lattice.judged_tables import judged_tables
from terrazzo.training.lattice.pixels_alone import MOST_BRIGHTNESS, LonePixels, decide_together, learned_alone
from terrazzo.training.lattice.sampled_pixels import PixelSamples
from terrazzo.training.lattice.settings import LatticeTraining
from terrazzo.training.lattice.split_cells import HeldOut, Sides
from terrazzo.training.lattice.start import Start
from terrazzo.training.lattice.tables import ImageTables, Table, around_cells
from terrazzo.training.lattice.training_task import MOST_JUDGED
from terrazzo.training.lattice.windows import Places
from terrazzo.training.rules.boundary_scale import boundary_scale
from terrazzo.training.rules.exposure import Exposure
from terrazzo.training.rules.losses import class_weights
from terrazzo.training.rules.optimise import Course, figures_of, optimise
from terrazzo.training.rules.turning import turning


@dataclass(frozen=True, eq=False)
class FittedLattice:
    """A trained network with what is needed to apply it, and how training went.

    Parameters
    ----------
    network : LatticeNetwork
        With the weights of its best round, on the CPU, in evaluation mode.
    scales : Scales
    spread : RowSpread or None
        Of the scaled rows of all superpixels that were learned from.
    course : Course
    temperatures : Temperatures
    errors : mapping
        The calibration error of the validation side, without and with them; its scores, where pixels learned alone too.
    """

    network: LatticeNetwork
    scales: Scales
    spread: RowSpread | None
    course: Course
    temperatures: Temperatures
    errors: Mapping[str, float]

    def figures(self, seconds: float) -> dict[str, float]:
        """Return how the fit went, in numbers for people."""
        return figures_of(self.course.history, self.course.steps, seconds) | dict(self.errors)


def train(
    sides: Sides,
    recipe: Recipe,
    classes: int,
    network: LatticeSettings,
    training: LatticeTraining,
    device: torch.device,
    began: float,
    start: Start | None = None,
    most_judged: int = MOST_JUDGED,
) -> FittedLattice:
    """Train a network on the tables of annotated images.

    Parameters
    ----------
    sides : Sides
    recipe : Recipe
        What the tables were made by.
    classes : int
    network : LatticeSettings
    training : LatticeTraining
    device : torch.device
    began : float
        The `time.monotonic()` at which the seconds began to count.
    start : Start, optional
        The weights and scales that it begins with, of a network of the same shape.
    most_judged : int
        The most cells of the validation side that are looked at, about.

    Raises
    ------
    ParameterError
        If the loss is no longer finite.
    """
    images, held_out, originals = sides.images, sides.held_out, slice(sides.originals)
    learned = _learned(images, held_out, recipe, start)
    weights = class_weights(torch.tensor(learned.pixels, device=device), training.weighting)
    axes = len(recipe.superpixels.size)
    names = recipe.node_columns + place_columns(axes), response_columns(recipe.channels)
    exposures = Exposure.of(names[0], recipe.channels), Exposure.of(names[1], recipe.channels)
    config = config_of(recipe, classes, network)
    network = config.settings
    training = replace(training, turns=turning(training.turns, recipe.features))
    windows = DrawnWindows(
        images,
        held_out,
        _places(images, held_out),
        learned.scales,
        exposures,
        learned.units,
        training,
        network,
        device,
    )
    tables = judged_tables(images[originals], held_out[originals], network, most_judged, training.seed)
    judged = [Batch.of([table], learned.scales, network.coarsest(axes), device, training.loss) for table in tables]
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(training.seed)
        made = LatticeNetwork(config)
        if made.crf is not None:
            made.crf.scale(*boundary_scale(_boundaries(images, held_out)))
        if start is not None:
            start.into(made)
        made = made.to(device)
        rng = np.random.default_rng(training.seed)
        few = training.alone and sides.few and start is None and made.crf is None
        initial = copy.deepcopy(made) if few and network.decision == "pixel" else None
        # More threads gain a tenth where a core is free for each, and where one is not, all wait in turn for the last.
        with torch_threads(1):
            course = optimise(made, windows, judged, training, weights=weights, rng=rng, began=began)
            scores: Mapping[str, float] = {}
            if initial is not None:
                less = replace(training, brightness=min(training.brightness, MOST_BRIGHTNESS))
                share = altered_share(_intensities(images, held_out, recipe), less.contrast, less.brightness)
                given = (_lone(images, held_out, training.seed), learned.scales, exposures[1], learned.units)
                alone = learned_alone(initial, *given, less, weights, course.steps, share)
                scores = decide_together(made, alone, judged)
            temperatures, errors = calibrated(made, judged)
    return FittedLattice(made.cpu(), learned.scales, learned.spread, course, temperatures, {**errors, **scores})


@dataclass(frozen=True, eq=False)
class _Learned:
    """What is counted over the training side: scales, deviations of channels, annotated pixels."""

    scales: Scales
    spread: RowSpread | None
    units: NDArray[np.float32]
    pixels: NDArray[np.float64]


def _learned(
    images: Sequence[ImageTables], held_out: Sequence[HeldOut], recipe: Recipe, start: Start | None
) -> _Learned:
    rows, pixels, counted = [], [], []
    for part in _trained_on(images, held_out):
        counted.append(part.counts)
        if start is None:
            rows.append(FeatureMoments.of(part.rows(annotated=True)))
            pixels.append(FeatureMoments.of(part.samples.responses))
    places = len(place_columns(len(recipe.superpixels.size)))
    scales = Scales.of(reduce(add, rows), reduce(add, pixels), places) if start is None else start.model.scales
    names = response_columns(recipe.channels)
    raw = [names.index(f"intensity_{channel}") for channel in range(recipe.channels)]

    def scaled() -> Iterator[NDArray[np.float32]]:
        return (scales.rows(part.rows()) for part in _trained_on(images, held_out))

    spread = RowSpread.of(scaled) if start is None or start.spread is None else start.spread
    return _Learned(scales, spread, scales.pixel_std[raw], np.sum(counted, axis=0))


@dataclass(frozen=True, eq=False)
class _Part:
    """What is learned from of the table of a block."""

    table: Table
    held: HeldOut

    @property
    def counts(self) -> NDArray[np.float64]:
        """The annotated pixels of each class."""
        trained = self.table.counts[self.held.trained(self.table.cells.box)]
        counts: NDArray[np.float64] = trained.sum(axis=0, dtype=np.float64)
        return counts

    def rows(self, *, annotated: bool = False) -> NDArray[np.float32]:
        """Return the rows of superpixels, of all or of those that are annotated."""
        cells = self.table.cells
        wanted = cells.present & self.held.trained(cells.box)
        found: NDArray[np.float32] = cells.rows[wanted & self.table.counts.any(axis=-1) if annotated else wanted]
        return found

    @property
    def samples(self) -> PixelSamples:
        """Its sampled pixels."""
        samples, around = self.table.samples, around_cells(self.table.cells.box)
        return samples.chosen(self.held.trained(around)[tuple((samples.cells - around.start).T)])


def _trained_on(images: Sequence[ImageTables], held_out: Sequence[HeldOut]) -> Iterator[_Part]:
    """Yield the table of each block that is not held out as a whole, in order."""
    for image, held in zip(images, held_out, strict=True):
        for index in () if held.whole else sorted(image.tables):
            yield _Part(image.tables[index], held)


def _lone(images: Sequence[ImageTables], held_out: Sequence[HeldOut], seed: int) -> LonePixels:
    numbers = [len(part.samples.areas) for part in _trained_on(images, held_out)]
    return LonePixels.of(numbers, (part.samples for part in _trained_on(images, held_out)), seed)


def _intensities(
    images: Sequence[ImageTables], held_out: Sequence[HeldOut], recipe: Recipe
) -> list[Iterator[NDArray[np.float32]]]:
    """Return the mean intensities of superpixels of each image, of blocks that are not held out."""
    means = {f"mean_{channel}" for channel in range(recipe.channels)}
    places = [place for place, name in enumerate(recipe.node_columns) if name in means]

    def of(number: int) -> Iterator[NDArray[np.float32]]:
        parts = _trained_on([images[number]], [held_out[number]])
        return (part.rows()[:, places] for part in parts)

    return [of(number) for number, held in enumerate(held_out) if images[number].tables and not held.whole]


def _boundaries(images: Sequence[ImageTables], held_out: Sequence[HeldOut]) -> Iterator[NDArray[np.float32]]:
    """Yield what is known of the boundaries inside each block that is not held out."""
    for part in _trained_on(images, held_out):
        cells, edges = part.table.cells, part.table.edges
        if edges is None:
            raise LookupError("tables without edges for a network with a conditional random field")
        yield edges.between(cells.box, cells.present & part.held.trained(cells.box)).features


def _places(images: Sequence[ImageTables], held_out: Sequence[HeldOut]) -> Places:
    """Return the annotated tiles of all images that are not held out."""
    kept = [held.keeps(image.tiles) for image, held in zip(images, held_out, strict=True)]
    start, stop, counts = (
        np.concatenate([getattr(image.tiles, what)[own] for image, own in zip(images, kept, strict=True)])
        for what in ("start", "stop", "counts")
    )
    numbers = np.repeat(np.arange(len(images)), [own.sum() for own in kept])
    return Places(numbers, start, stop, counts.sum(axis=1, dtype=np.float64))
