"""The passes that make superpixels and measure them: shared by every kind of model that stands on superpixels."""

from __future__ import annotations

from functools import partial

import numpy as np

from terrazzo.blocks import Block, Box
from terrazzo.memory import WORKER
from terrazzo.models.passes.declared import ANNOTATION, Estimate, Given, Holds, Own, Pass, Pixels, Seen
from terrazzo.models.passes.segment_task import segment_bytes
from terrazzo.regions.graphs.block_graph import BlockGraph, block_graph, block_targets, empty_graph, graph_window
from terrazzo.regions.graphs.recipe import Recipe, segment_block
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN, BlockLabels, block_labels
from terrazzo.regions.superpixels.intensity_scale import scale_moments, scale_of_moments, scale_windows
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

SCALE = "intensity_scale"


def superpixels_pass(recipe: Recipe) -> Pass:
    """Return the pass that makes the superpixels of a block, with one cell around, and measures what the block owns.

    It is the composition of its parts, in one task.
    """
    return Pass(
        name="superpixels",
        reads=(Pixels(recipe.window, _surroundings), scale_estimate(recipe.superpixels)),
        gives=("labels", "rows"),
        run=partial(_segments, recipe=recipe),
        nothing=partial(_no_segments, recipe=recipe),
        decides=recipe,
        holds=Holds(partial(segment_bytes, recipe=recipe), WORKER),
        figures=("superpixels", "edges", "unadopted_pixels"),
        parts=(labels_pass(recipe.superpixels), rows_pass(recipe)),
    )


def labels_pass(parameters: SuperpixelParameters) -> Pass:
    """Return the pass that makes the superpixels of a block's core."""
    return Pass(
        name="superpixels",
        reads=(Pixels(partial(parameters.window, margin=0)), scale_estimate(parameters)),
        gives=("labels",),
        run=partial(_labels, parameters=parameters),
        nothing=_no_labels,
        decides=parameters,
    )


def rows_pass(recipe: Recipe) -> Pass:
    """Return the pass that measures the superpixels that a block owns, and their boundaries."""
    return Pass(
        name="block-graph",
        reads=(Pixels(partial(_rows_window, recipe=recipe), _surroundings), Own("labels", LABEL_MARGIN)),
        gives=("rows",),
        run=partial(_rows, recipe=recipe),
        nothing=partial(_no_rows, recipe=recipe),
        decides=recipe,
    )


def targets_pass(classes: int) -> Pass:
    """Return the pass that counts the annotated pixels of each class under each superpixel that a block owns."""
    return Pass(
        name="targets",
        reads=(Pixels(_surroundings, _surroundings, of=ANNOTATION), Own("labels", LABEL_MARGIN)),
        gives=("targets",),
        run=partial(_targets, classes=classes),
        nothing=partial(_no_targets, classes=classes),
        decides=classes,
    )


def scale_estimate(parameters: SuperpixelParameters) -> Estimate:
    """Return the estimate of the intensity difference that counts as 1."""
    measured = partial(scale_moments, parameters=parameters)
    return Estimate(SCALE, parameters.scale, scale_windows, measured, scale_of_moments)


def _surroundings(block: Block) -> Box:
    return block.pixels(LABEL_MARGIN)


def _rows_window(block: Block, recipe: Recipe) -> Box:
    """Return the pixels that a graph needs; if the labels' window holds them that one, whose parts are cut anyway."""
    labels, graph = recipe.superpixels.window(block, margin=0), graph_window(block, recipe.features)
    return labels if labels.hull(graph) == labels else graph


def _segments(block: Block, seen: Seen, scale: float, *, recipe: Recipe) -> Given:
    return _given(*segment_block(seen.pixels, block, recipe, scale, seen.mask))


def _no_segments(block: Block, *, recipe: Recipe) -> Given:
    box = _surroundings(block)
    labels = BlockLabels(box, np.zeros(box.shape, block.lattice.dtype), 0)
    return _given(labels, empty_graph(block.lattice, recipe.node_columns, recipe.edge_columns))


def _given(labels: BlockLabels, graph: BlockGraph) -> Given:
    return {
        "labels": labels,
        "rows": graph,
        "figures": (graph.ids.size, graph.edges.shape[1], labels.unadopted),
    }


def _labels(block: Block, seen: Seen, scale: float, *, parameters: SuperpixelParameters) -> Given:
    return {"labels": block_labels(seen.pixels, seen.box, block, parameters, scale=scale, mask=seen.mask)}


def _no_labels(block: Block) -> Given:
    return {"labels": BlockLabels(block.core, np.zeros(block.core.shape, block.lattice.dtype), 0)}


def _rows(block: Block, seen: Seen, labels: BlockLabels, *, recipe: Recipe) -> Given:
    return {"rows": block_graph(seen.pixels, seen.box, labels, block, recipe.features, seen.mask)}


def _no_rows(block: Block, *, recipe: Recipe) -> Given:
    return {"rows": empty_graph(block.lattice, recipe.node_columns, recipe.edge_columns)}


def _targets(block: Block, seen: Seen, labels: BlockLabels, *, classes: int) -> Given:
    return {"targets": block_targets(seen.pixels, labels, block, classes)}


def _no_targets(block: Block, *, classes: int) -> Given:  # noqa: ARG001
    return {"targets": np.zeros((0, classes), np.uint32)}
