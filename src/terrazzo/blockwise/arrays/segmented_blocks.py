"""What every block of a lazy image owns: its labels, and the graph that it measures under a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import dask.array as da
from dask.base import tokenize

from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.blockwise.arrays.block_tasks import graph_of_labels
from terrazzo.blockwise.arrays.lazy_labels import lazy_labels
from terrazzo.blockwise.inputs.block_inputs import block_inputs
from terrazzo.blockwise.inputs.masks import Mask
from terrazzo.regions.graphs.block_graph import graph_window
from terrazzo.regions.graphs.recipe import Recipe
from terrazzo.regions.superpixels.block_labels import LABEL_MARGIN
from terrazzo.regions.superpixels.label_rim import label_rim


@dataclass(frozen=True, eq=False)
class SegmentedBlocks:
    """The tasks that label and measure the blocks of an image.

    Parameters
    ----------
    token : str
        Differs where image, mask, recipe or grid differ.
    tasks : dict
        The tasks besides those of `sources`.
    grid : BlockGrid
    labels : dask.array.Array
        The superpixel ids, a chunk per block.
    recipe_key : str
        Where tasks find the recipe.
    sources : list
        The collections that the tasks build on.
    """

    token: str
    tasks: dict[Any, Any]
    grid: BlockGrid
    labels: da.Array
    recipe_key: str
    sources: list[Any]

    def graph_key(self, block: Block) -> tuple[Any, ...]:
        """Return the key of what a block owns."""
        return (f"block-graph-{self.token}", *block.index)

    def label_keys(self, block: Block) -> tuple[Any, list[Any]]:
        """Return the keys of a block's ids and of the rims around it: what `surrounded` takes."""
        near = self.grid.neighbours(block, LABEL_MARGIN)
        return (self.labels.name, *block.index), [self._rim_key(other) for other in near if other != block]

    def _rim_key(self, block: Block) -> tuple[Any, ...]:
        return (f"rim-{self.labels.name}", *block.index)


def segmented_blocks(array: da.Array, mask: Mask, recipe: Recipe, grid: BlockGrid) -> SegmentedBlocks:
    """Return the tasks that label and measure the blocks of an image (c, y, x) or (c, z, y, x); nothing is computed.

    Labels come from `lazy_labels`; a block's graph takes the cells around its core from its neighbours' rims, so that
    no label is computed twice.
    """
    labels = lazy_labels(array, mask, recipe.superpixels, grid)
    inputs = block_inputs(array, mask, grid, partial(_window, recipe=recipe))
    token = tokenize(inputs.token, recipe)
    tasks = dict(inputs.tasks)
    found = SegmentedBlocks(token, tasks, grid, labels, f"recipe-{token}", [labels, *inputs.sources])
    tasks[found.recipe_key] = recipe
    for one, box, window, mask_window in inputs:
        ids, rims = found.label_keys(one)
        tasks[found._rim_key(one)] = (label_rim, ids, one)
        tasks[found.graph_key(one)] = (graph_of_labels, window, mask_window, box, ids, rims, one, found.recipe_key)
    return found


def _window(block: Block, recipe: Recipe) -> Box:
    """Return the pixels that a graph needs; if the labels' window holds them that one, whose parts are cut anyway."""
    labels, graph = recipe.superpixels.window(block, margin=0), graph_window(block, recipe.features)
    return labels if labels.hull(graph) == labels else graph
