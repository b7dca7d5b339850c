"""The region graph of an annotated image with its targets, lazily."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph
from numpy.typing import NDArray

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.block_inputs import block_inputs
from terrazzo.blockwise.block_tasks import targets_of_windows
from terrazzo.blockwise.image_array import ImageLike, axis_names, image_array, lattice_of
from terrazzo.blockwise.masks import MaskLike, checked_mask
from terrazzo.blockwise.windows import window_tasks
from terrazzo.errors import InputError
from terrazzo.regions.annotation import annotated_classes
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
    array, annotation = image_array(image, len(recipe.superpixels.size)), da.asarray(annotation)
    lattice = lattice_of(array, recipe.superpixels.size)
    if annotation.shape != lattice.shape:
        axes = axis_names(len(lattice.shape))
        raise InputError(
            f"the annotation has {annotation.shape} pixels {axes} and its image {lattice.shape}; they must be equal"
        )
    grid = BlockGrid.of(lattice, block)
    inside = checked_mask(mask, lattice.shape)
    inputs = block_inputs(array, inside, recipe.superpixels, grid, recipe.window)
    classes_of_pixels = annotation.map_blocks(annotated_classes, classes, dtype=np.uint8).rechunk(grid.chunks())
    token = tokenize(inputs.token, classes_of_pixels.name, recipe, classes)
    boxes = [b.pixels(LABEL_MARGIN) for b in inputs.blocks]
    tasks, annotated = window_tasks(classes_of_pixels, boxes, f"annotation-{token}")
    tasks |= inputs.tasks
    recipe_key = f"recipe-{token}"
    tasks[recipe_key] = recipe
    parts = []
    for (one, window, mask_window), truth in zip(inputs, annotated, strict=True):
        part = (f"targets-{token}", *one.index)
        tasks[part] = (targets_of_windows, window, mask_window, truth, one, recipe_key, inputs.scale.key, classes)
        parts.append(part)
    key = f"annotated-graph-{token}"
    tasks[key] = (_merged, parts, recipe_key)
    graph = HighLevelGraph.from_collections(key, tasks, dependencies=[*inputs.sources, classes_of_pixels])
    return Delayed(key, graph)


def _merged(parts: list[tuple[BlockGraph, NDArray[np.uint32]]], recipe: Recipe) -> tuple[RegionGraph, NodeTargets]:
    graphs, counts = [part for part, _ in parts], [count for _, count in parts]
    graph = merge(graphs, recipe.node_columns, recipe.edge_columns)
    return graph, NodeTargets(merge_targets(graphs, counts))
