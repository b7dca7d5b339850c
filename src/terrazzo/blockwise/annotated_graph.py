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
from terrazzo.blockwise.block_tasks import targets_of_windows
from terrazzo.blockwise.image_array import ImageLike, image_array
from terrazzo.blockwise.superpixels import lattice_of, lazy_scale
from terrazzo.blockwise.windows import window_tasks
from terrazzo.errors import InputError
from terrazzo.regions.annotation import annotated_classes
from terrazzo.regions.block_graph import LABEL_MARGIN, BlockGraph
from terrazzo.regions.merge import merge, merge_targets
from terrazzo.regions.node_targets import NodeTargets
from terrazzo.regions.recipe import Recipe
from terrazzo.regions.region_graph import RegionGraph


def annotated_graph(
    image: ImageLike, annotation: da.Array | NDArray[Any], *, recipe: Recipe, classes: int, block: int | None = None
) -> Delayed:
    """Return, lazily, a pair: the RegionGraph of an image and the NodeTargets of its annotation.

    Parameters
    ----------
    image : Image or array, shape (y, x) or (c, y, x)
        What is segmented and measured.
    annotation : array of whole numbers, shape (y, x)
        The class of each pixel; 255 is not annotated.
    recipe : Recipe
        How the image becomes a graph.
    classes : int
        The number of classes, at most 255.
    block : int, optional
        About how many pixels wide the blocks are that tasks work on: it changes the cost, never the answer.

    Raises
    ------
    InputError
        If image and annotation differ in extent; on compute, if the annotation holds a value that is neither a
        class nor 255.
    """
    array, annotation = image_array(image), da.asarray(annotation)
    if annotation.shape != array.shape[1:]:
        raise InputError(
            f"the annotation has {annotation.shape} pixels (y, x) and its image {array.shape[1:]}; they must be equal"
        )
    lattice = lattice_of(array, recipe.superpixels.size)
    grid = BlockGrid.of(lattice, block)
    blocks = list(grid)
    source = array.rechunk((-1, *grid.chunks()))
    classes_of_pixels = annotation.map_blocks(annotated_classes, classes, dtype=np.uint8).rechunk(grid.chunks())
    scale = lazy_scale(array, recipe.superpixels)
    token = tokenize(source.name, classes_of_pixels.name, recipe, grid, classes)
    tasks, windows = window_tasks(source, [recipe.window(b) for b in blocks], f"window-{token}")
    more, annotated = window_tasks(classes_of_pixels, [b.pixels(LABEL_MARGIN) for b in blocks], f"annotation-{token}")
    tasks |= more
    tasks[f"recipe-{token}"] = recipe
    parts = []
    for one, window, truth in zip(blocks, windows, annotated, strict=True):
        parts.append((f"targets-{token}", *one.index))
        tasks[parts[-1]] = (targets_of_windows, window, truth, one, f"recipe-{token}", scale.key, classes)
    key = f"annotated-graph-{token}"
    tasks[key] = (_merged, parts, f"recipe-{token}")
    graph = HighLevelGraph.from_collections(key, tasks, dependencies=[source, classes_of_pixels, scale])
    return Delayed(key, graph)


def _merged(parts: list[tuple[BlockGraph, NDArray[np.uint32]]], recipe: Recipe) -> tuple[RegionGraph, NodeTargets]:
    graphs, counts = [part for part, _ in parts], [count for _, count in parts]
    graph = merge(graphs, recipe.node_columns, recipe.edge_columns)
    return graph, NodeTargets(merge_targets(graphs, counts))
