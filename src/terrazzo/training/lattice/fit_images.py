"""Fit a lattice network on the superpixels and pixels of annotated images."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from distributed import Client

from terrazzo.blocks import Block
from terrazzo.blockwise.cluster.active_client import active_client, client_sharing
from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage
from terrazzo.blockwise.runs.passes_over_annotated import passes_over_annotated
from terrazzo.io.failures import about
from terrazzo.models.device import choose_device
from terrazzo.models.lattice.model import LatticeModel, config_of
from terrazzo.models.lattice.settings import LatticeSettings
from terrazzo.models.passes.declared import Given
from terrazzo.models.passes.superpixels import superpixels_pass, targets_pass
from terrazzo.progress import Step, tell
from terrazzo.regions.classes.boundary_weights import BoundaryWeights
from terrazzo.regions.classes.tile_counts import TileCounts
from terrazzo.training.lattice.altered import Alteration, altered_image
from terrazzo.training.lattice.sampled_pixels import samples_pass
from terrazzo.training.lattice.settings import LatticeTraining
from terrazzo.training.lattice.split_cells import HeldOut, Sides, gap_of, split_tables, tile_side
from terrazzo.training.lattice.start import Start
from terrazzo.training.lattice.tables import ImageTables, StoredTables, Table, write_table
from terrazzo.training.lattice.train import train
from terrazzo.training.lattice.training_task import MOST_BYTES_IN_MEMORY, bytes_of_tables
from terrazzo.training.rules.annotated_images import AnnotatedImages, scratch_folder
from terrazzo.training.rules.annotated_inputs import check_annotation


def fit_lattice_on_images(
    learned: AnnotatedImages,
    network: LatticeSettings,
    training: LatticeTraining,
    began: float,
    start: LatticeModel | None = None,
) -> LatticeModel:
    """Measure the superpixels of each image and train a lattice network on them; see `fit`.

    Parameters
    ----------
    learned : AnnotatedImages
    network : LatticeSettings
    training : LatticeTraining
    began : float
        The `time.monotonic()` at which the seconds began to count.
    start : LatticeModel, optional
        Made by the same recipe, of the same shape.
    """
    device = choose_device(training.device)
    inputs, recipe = learned.inputs, learned.recipe
    begun = None if start is None else Start(start, inputs.class_names)
    with ExitStack() as until:
        edges = network.crf_steps > 0
        streams = _streams(learned.annotated, network, training)
        folder = until.enter_context(scratch_folder(training.scratch)) if streams else None
        sides = _sides(learned, training, folder, edges=edges)
        fitted = train(sides, recipe, inputs.classes, network, training, device, began, begun)
    pixel_size, pixel_unit = inputs.pixel_size
    figures = fitted.figures(time.monotonic() - began)
    return LatticeModel(
        fitted.network,
        fitted.scales,
        recipe,
        inputs.class_names,
        inputs.colours,
        pixel_size,
        figures,
        pixel_unit,
        learned.seen,
        fitted.temperatures,
        fitted.spread,
    )


def _streams(annotated: Sequence[AnnotatedImage], network: LatticeSettings, training: LatticeTraining) -> bool:
    if training.streaming == "auto":
        return sum(table_bytes(one, network, training.samples) for one in annotated) > MOST_BYTES_IN_MEMORY
    return training.streaming


def table_bytes(annotated: AnnotatedImage, network: LatticeSettings, samples: int) -> int:
    """Return the bytes that the tables of an image take at most, with so many sampled pixels of each block."""
    config = config_of(annotated.recipe, annotated.classes, network)
    return bytes_of_tables(config, annotated.cells, len(annotated.blocks) * samples)


def _sides(learned: AnnotatedImages, training: LatticeTraining, folder: Path | None, *, edges: bool) -> Sides:
    """Return the tables of all images and of the altered copies of those that are trained on."""
    annotated, client = learned.annotated, active_client()
    images: list[ImageTables] = []
    for one in annotated:
        images.append(tables_of(one, training, folder and folder / str(len(images)), client, edges=edges))
        tell(Step("graphs", len(images), len(annotated)))
    counts = [image.tiles.counts.sum(axis=0) for image in images]
    inputs = learned.inputs
    check_annotation(np.sum(counts, axis=0, dtype=np.float64), inputs.class_names, drawn=inputs.drawn)
    gap = gap_of(BoundaryWeights(training.boundary, training.boundary_width), learned.recipe.superpixels.size)
    split = split_tables(images, validation=training.validation, seed=training.seed, gap=gap)
    copied = [number for number, held in enumerate(split.held_out) if not held.whole] * training.copies
    copies: list[ImageTables] = []
    held_of_copies: list[HeldOut] = []
    for number in copied:
        how = Alteration.drawn(np.random.default_rng((training.seed, len(copies))))
        altered = altered_image(annotated[number], how, training.widest_window, training.block)
        own = folder and folder / f"copy {len(copies)}"
        copies.append(tables_of(altered, training, own, client, edges=edges))
        held_of_copies.append(split.held_out[number].scaled(how.scale))
        tell(Step("copies", len(copies), len(copied)))
    return replace(split, images=(*split.images, *copies), held_out=(*split.held_out, *held_of_copies))


def tables_of(
    annotated: AnnotatedImage,
    training: LatticeTraining,
    folder: Path | None,
    client: Client | None,
    *,
    edges: bool = False,
) -> ImageTables:
    """Return the tables of the wanted blocks of an annotated image, in memory or in a new folder; with edges or not."""
    recipe, classes, grid = annotated.recipe, annotated.classes, annotated.grid
    weighted = BoundaryWeights(training.boundary, training.boundary_width)
    passes = (
        superpixels_pass(recipe),
        targets_pass(classes),
        samples_pass(recipe.channels, len(grid.shape), training.samples, training.seed, weighted),
    )
    if folder is not None:
        folder.mkdir()
        client = client_sharing(folder, client)
    keep = partial(_kept, classes=classes, side=tile_side(grid.lattice.cells), folder=folder, edges=edges)
    with about(annotated.path):
        found = passes_over_annotated(annotated, passes, keep, client)
    tiles = TileCounts.joined([tiles for tiles, _ in found.values()], len(grid.shape), classes)
    if folder is not None:
        return ImageTables(grid, StoredTables(folder, {block.index: block for block in found}), tiles)
    return ImageTables(grid, {block.index: table for block, (_, table) in found.items() if table}, tiles)


def _kept(
    block: Block, given: Given, *, classes: int, side: int, folder: Path | None, edges: bool
) -> tuple[TileCounts, Table | None]:
    """Return where how much of a block is annotated, and its table, unless that is written into a folder."""
    table = Table.of_block(block, given, classes, edges=edges)
    tiles = TileCounts.of(given["rows"].ids, given["targets"], block.lattice, (side,) * len(block.index))
    if folder is None:
        return tiles, table
    write_table(table, folder, block)
    return tiles, None
