"""The superpixels of an image as one lazy array, a chunk per block: whoever asks for the same shares its tasks."""

from __future__ import annotations

from functools import partial

import dask.array as da
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.arrays.block_tasks import labels_of_window
from terrazzo.blockwise.inputs.block_inputs import block_inputs
from terrazzo.blockwise.inputs.masks import Mask
from terrazzo.blockwise.inputs.scale import lazy_scale
from terrazzo.regions.superpixels.compared_channels import check_channels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters


def lazy_labels(array: da.Array, mask: Mask, parameters: SuperpixelParameters, grid: BlockGrid) -> da.Array:
    """Return the superpixel ids of an image (c, y, x) or (c, z, y, x), in the chunks of the grid.

    Raises
    ------
    InputError, ParameterError
        If the image has no such colour, or another number of channels than there are weights.
    """
    check_channels(array.shape[0], array.dtype, parameters)
    inputs = block_inputs(array, mask, grid, partial(parameters.window, margin=0))
    scale = lazy_scale(array, parameters, mask)
    name = f"superpixels-{tokenize(inputs.token, parameters)}"
    tasks = dict(inputs.tasks)
    for one, box, window, mask_window in inputs:
        tasks[(name, *one.index)] = (labels_of_window, window, mask_window, box, one, parameters, scale.key)
    graph = HighLevelGraph.from_collections(name, tasks, dependencies=[*inputs.sources, scale])
    return da.Array(graph, name, grid.chunks(), dtype=grid.lattice.dtype)
