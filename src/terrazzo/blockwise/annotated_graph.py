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
from terrazzo.blockwise.block_tasks import targets_of_labels
from terrazzo.blockwise.image_array import ImageLike, axis_names, image_array, lattice_of
from terrazzo.blockwise.lazy_graph import LazyGraph
from terrazzo.blockwise.masks import MaskLike, checked_mask
from terrazzo.blockwise.segmented_blocks import segmented_blocks
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
    blocks = segmented_blocks(array, inside, recipe, grid)
    classes_of_pixels = annotation.map_blocks(annotated_classes, classes, dtype=np.uint8).rechunk(grid.chunks())
    token = tokenize(blocks.token, classes_of_pixels.name, classes)
    boxes = [block.pixels(LABEL_MARGIN) for block in grid]
    tasks, annotated = window_tasks(classes_of_pixels, boxes, f"annotation-{token}")
    tasks |= blocks.tasks
    graphs, counts = [], []
    for one, truth in zip(grid, annotated, strict=True):
        graphs.append(blocks.graph_key(one))
        counts.append((f"targets-{token}", *one.index))
        tasks[counts[-1]] = (targets_of_labels, truth, *blocks.label_keys(one), one, classes)
    key = f"annotated-graph-{token}"
    tasks[key] = (_merged, graphs, counts, blocks.recipe_key)
    graph = HighLevelGraph.from_collections(key, tasks, dependencies=[*blocks.sources, classes_of_pixels])
    return LazyGraph(key, graph)


def _merged(
    graphs: list[BlockGraph], counts: list[NDArray[np.uint32]], recipe: Recipe
) -> tuple[RegionGraph, NodeTargets]:
    graph = merge(graphs, recipe.node_columns, recipe.edge_columns)
    return graph, NodeTargets(merge_targets(graphs, counts))
