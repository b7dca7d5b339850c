"""Predict the classes of a Dask array, lazily."""

from __future__ import annotations

from operator import getitem

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.block_tasks import segments_of_window
from terrazzo.blockwise.classified_blocks import classes_of_block
from terrazzo.blockwise.image_array import ImageLike, image_array
from terrazzo.blockwise.superpixels import lattice_of, lazy_scale
from terrazzo.blockwise.windows import window_tasks
from terrazzo.models.classify_block import cells_needed
from terrazzo.models.device import choose_device
from terrazzo.models.model import Model


def predict(model: Model, image: ImageLike, *, device: str = "auto", block: int | None = None) -> da.Array:
    """Return a lazy image of classes.

    Parameters
    ----------
    model : Model
        A fitted model.
    image : Image or array, shape (y, x) or (c, y, x)
        With the channels that the model was fitted on; any chunks.
    device : str
        Where the network runs: "auto", "cpu", "cuda" or "cuda:0".
    block : int, optional
        About how many pixels wide the blocks are that tasks work on. The image's chunks never change the answer;
        another block moves logits by rounding (1e-4), so that a class may differ on a tie.

    Returns
    -------
    dask.array.Array of uint8, shape (y, x)
        With the image's chunks: an index into `model.class_names`.

    Raises
    ------
    ModelError
        If the image's number of channels is not the model's.
    InputError
        If the array is no image; on compute, if a pixel is NaN or infinite.
    """
    array = image_array(image)
    model.check_channels(array.shape[0])
    choose_device(device)
    recipe, lattice = model.recipe, lattice_of(array, model.recipe.superpixels.size)
    grid = BlockGrid.of(lattice, block)
    blocks = list(grid)
    source = array.rechunk((-1, *grid.chunks()))
    scale = lazy_scale(array, recipe.superpixels)
    token = tokenize(source.name, model.fingerprint(), recipe, grid, device)
    name, segments, ids, graphs = (f"{what}-{token}" for what in ("classes", "segments", "ids", "block-graph"))
    tasks, windows = window_tasks(source, [recipe.window(b) for b in blocks], f"window-{token}")
    tasks[f"model-{token}"] = model
    tasks[f"recipe-{token}"] = recipe
    reach = cells_needed(model.layers)
    for one, window in zip(blocks, windows, strict=True):
        at = one.index
        tasks[(segments, *at)] = (segments_of_window, window, one, f"recipe-{token}", scale.key)
        tasks[(ids, *at)] = (getitem, (segments, *at), 0)
        tasks[(graphs, *at)] = (getitem, (segments, *at), 1)
        near = [(graphs, *other.index) for other in grid.neighbours(one, reach)]
        tasks[(name, *at)] = (classes_of_block, f"model-{token}", one, (ids, *at), near, device)
    graph = HighLevelGraph.from_collections(name, tasks, dependencies=[source, scale])
    return da.Array(graph, name, grid.chunks(), dtype=np.uint8).rechunk(array.chunks[1:])
