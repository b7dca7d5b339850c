"""The region graph of an annotated image with its targets, lazily."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph
from numpy.typing import NDArray

from terrazzo.blockwise.annotated_image import AnnotatedImage, annotated_image
from terrazzo.blockwise.block_inputs import block_inputs
from terrazzo.blockwise.block_tasks import targets_of_windows
from terrazzo.blockwise.image_array import ImageLike
from terrazzo.blockwise.masked_block import empty_graph
from terrazzo.blockwise.masks import MaskLike
from terrazzo.blockwise.windows import window_tasks
from terrazzo.lattice import Lattice
from terrazzo.regions.block_graph import LABEL_MARGIN, BlockGraph
from terrazzo.regions.merge import merge, merge_targets
from terrazzo.regions.node_targets import NodeTargets
from terrazzo.regions.recipe import Recipe
from terrazzo.regions.region_graph import RegionGraph


def annotated_graph(
    image: ImageLike,
    annotation: da.Array | NDArray[Any],
    *,
    recipe: Recipe,
    classes: int,
    mask: MaskLike | None = None,
    block: int | None = None,
) -> Delayed:
    """Return, lazily, a pair: the RegionGraph of an image and the NodeTargets of its annotation.

    Parameters
    ----------
    image : Image or array, shape (y, x), (c, y, x) or (c, z, y, x)
        What is segmented and measured. With a recipe for volumes an array with three axes is (z, y, x).
    annotation : array of whole numbers, shape (y, x) or (z, y, x)
        The class of each pixel; 255 is not annotated.
    recipe : Recipe
        How the image becomes a graph.
    classes : int
        The number of classes, at most 255.
    mask : Image, array of bool or function, optional
        Which pixels belong to superpixels, as for `superpixels`.
    block : int, optional
        About how many pixels wide the blocks are that tasks work on: it changes the cost, never the answer.

    Raises
    ------
    InputError
        If image, annotation and mask differ in extent; on compute, if the annotation holds a value that is neither a
        class nor 255.
    """
    return lazy_annotated_graph(
        annotated_image(image, annotation, recipe=recipe, classes=classes, mask=mask, block=block)
    )


def lazy_annotated_graph(annotated: AnnotatedImage) -> Delayed:
    """Return, lazily, the RegionGraph and the NodeTargets of the wanted blocks of an annotated image."""
    recipe, grid = annotated.recipe, annotated.grid
    parameters, blocks = recipe.superpixels, annotated.blocks
    inputs = block_inputs(annotated.pixels, annotated.mask, parameters, grid, recipe.window, blocks)
    truth = annotated.truth.rechunk(grid.chunks())
    token = tokenize(inputs.token, truth.name, recipe, annotated.classes)
    tasks, windows = window_tasks(truth, [one.pixels(LABEL_MARGIN) for one in blocks], f"annotation-{token}")
    tasks |= inputs.tasks
    recipe_key = f"recipe-{token}"
    tasks[recipe_key] = recipe
    parts = []
    for (one, window, mask_window), known in zip(inputs, windows, strict=True):
        part = (f"targets-{token}", *one.index)
        arguments = (window, mask_window, known, one, recipe_key, inputs.scale.key, annotated.classes)
        tasks[part] = (targets_of_windows, *arguments)
        parts.append(part)
    key = f"annotated-graph-{token}"
    tasks[key] = (_merged, parts, recipe_key, grid.lattice, annotated.classes)
    graph = HighLevelGraph.from_collections(key, tasks, dependencies=[*inputs.sources, truth])
    return Delayed(key, graph)


def _merged(
    parts: list[tuple[BlockGraph, NDArray[np.uint32]]], recipe: Recipe, lattice: Lattice, classes: int
) -> tuple[RegionGraph, NodeTargets]:
    parts = parts or [(empty_graph(lattice, recipe), np.zeros((0, classes), np.uint32))]
    graphs, counts = [part for part, _ in parts], [count for _, count in parts]
    graph = merge(graphs, recipe.node_columns, recipe.edge_columns)
    return graph, NodeTargets(merge_targets(graphs, counts))
