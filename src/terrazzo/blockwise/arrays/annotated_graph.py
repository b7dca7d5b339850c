"""The region graph of an annotated image with its targets, lazily."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.delayed import Delayed
from numpy.typing import NDArray

from terrazzo.blockwise.inputs.annotated_image import AnnotatedImage, annotated_image
from terrazzo.blockwise.inputs.image_array import ImageLike
from terrazzo.blockwise.inputs.masks import MaskLike
from terrazzo.blockwise.passes.lazy_passes import LazyGraph, lazy_passes
from terrazzo.lattice import Lattice
from terrazzo.models.passes.superpixels import superpixels_pass, targets_pass
from terrazzo.regions.graphs.block_graph import BlockGraph, empty_graph
from terrazzo.regions.graphs.merge import merge, merge_targets
from terrazzo.regions.graphs.node_targets import NodeTargets
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.graphs.region_graph import RegionGraph


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
    grid, recipe, classes = annotated.grid, annotated.recipe, annotated.classes
    passes = (superpixels_pass(recipe), targets_pass(classes))
    # those of the whole grid, whose keys `superpixels` and `predict` share: Dask drops what no wanted block needs
    made = lazy_passes(passes, annotated.pixels, annotated.mask, grid, annotated.truth)
    graphs, counts = ([made.key(what, one) for one in annotated.blocks] for what in ("rows", "targets"))
    key = f"annotated-graph-{tokenize(made.names, [one.index for one in annotated.blocks])}"
    columns = recipe.node_columns, recipe.edge_columns
    return made.value(key, (_merged, graphs, counts, grid.lattice, classes, *columns))


def _merged(
    graphs: list[BlockGraph],
    counts: list[NDArray[np.uint32]],
    lattice: Lattice,
    classes: int,
    node_columns: tuple[str, ...],
    edge_columns: tuple[str, ...],
) -> tuple[RegionGraph, NodeTargets]:
    if not graphs:
        graphs = [empty_graph(lattice, node_columns, edge_columns)]
        counts = [np.zeros((0, classes), np.uint32)]
    graph = merge(graphs, node_columns, edge_columns)
    return graph, NodeTargets(merge_targets(graphs, counts))
