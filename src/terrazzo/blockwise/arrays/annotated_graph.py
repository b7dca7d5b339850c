"""The region graph of an annotated image with its targets, lazily."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.delayed import Delayed
from dask.highlevelgraph import HighLevelGraph
from numpy.typing import NDArray

from terrazzo.blockwise.arrays.block_tasks import targets_of_labels
from terrazzo.blockwise.arrays.lazy_graph import LazyGraph
from terrazzo.blockwise.arrays.segmented_blocks import segmented_blocks
from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage, annotated_image
from terrazzo.blockwise.inputs.image_array import ImageLike
from terrazzo.blockwise.inputs.masks import MaskLike
from terrazzo.blockwise.inputs.windows import window_tasks
from terrazzo.lattice import Lattice
from terrazzo.regions.graphs.block_graph import BlockGraph
from terrazzo.regions.graphs.masked_block import empty_graph
from terrazzo.regions.graphs.merge import merge, merge_targets
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN


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


def lazy_annotated_graph(annotated: AnnotatedImage) -> LazyGraph:
    """Return, lazily, the RegionGraph and the NodeTargets of the wanted blocks of an annotated image."""
    grid, wanted, classes = annotated.grid, annotated.blocks, annotated.classes
    # those of the whole grid, whose keys `superpixels` and `predict` share: Dask drops what no wanted block needs
    blocks = segmented_blocks(annotated.pixels, annotated.mask, annotated.recipe, grid)
    truth = annotated.truth.rechunk(grid.chunks())
    token = tokenize(blocks.token, truth.name, classes, [one.index for one in wanted])
    tasks, windows = window_tasks(truth, [one.pixels(LABEL_MARGIN) for one in wanted], f"annotation-{token}")
    tasks |= blocks.tasks
    graphs, counts = [], []
    for one, window in zip(wanted, windows, strict=True):
        graphs.append(blocks.graph_key(one))
        counts.append((f"targets-{token}", *one.index))
        tasks[counts[-1]] = (targets_of_labels, window, *blocks.label_keys(one), one, classes)
    key = f"annotated-graph-{token}"
    tasks[key] = (_merged, graphs, counts, blocks.recipe_key, grid.lattice, classes)
    return LazyGraph(key, HighLevelGraph.from_collections(key, tasks, dependencies=[*blocks.sources, truth]))


def _merged(
    graphs: list[BlockGraph], counts: list[NDArray[np.uint32]], recipe: Recipe, lattice: Lattice, classes: int
) -> tuple[RegionGraph, NodeTargets]:
    if not graphs:
        graphs, counts = [empty_graph(lattice, recipe)], [np.zeros((0, classes), np.uint32)]
    graph = merge(graphs, recipe.node_columns, recipe.edge_columns)
    return graph, NodeTargets(merge_targets(graphs, counts))
