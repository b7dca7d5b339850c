"""Predict the classes of an image's pixels with a random forest, lazily: block by block, and the same in any blocks."""

from __future__ import annotations

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph
from numpy.typing import NDArray

from terrazzo.blocks import Box
from terrazzo.blockwise.inputs.windows import Window, assemble, window_tasks
from terrazzo.errors import ModelError
from terrazzo.models.forest.pixel_blocks import pixel_blocks
from terrazzo.models.forest.pixel_forest import PixelForest
from terrazzo.regions.statistics.filter_bank import bank_window, filter_bank


def predict_forest(forest: PixelForest, pixels: da.Array, block: int | None = None) -> da.Array:
    """Return a lazy image of classes.

    Parameters
    ----------
    forest : PixelForest
    pixels : dask.array.Array, shape (c, y, x) or (c, z, y, x)
        An image in any chunks.
    block : int, optional
        How many pixels wide a task's block is; it never changes a class.

    Raises
    ------
    ModelError
        If the image has other channels than the forest was fitted on.
    """
    if pixels.shape[0] != forest.channels:
        raise ModelError(
            f"the image has {pixels.shape[0]} channels and the forest was fitted on {forest.channels}; give an image "
            "with the same channels"
        )
    extent = pixels.shape[1:]
    chunks, cores = pixel_blocks(extent, block)
    boxes = [bank_window(core, extent) for _, core in cores]
    whole = pixels.rechunk({0: -1})
    token = tokenize(whole.name, chunks, *(forest.threshold, forest.shares))
    name, model = f"forest-{token}", f"forest-model-{token}"
    tasks, windows = window_tasks(whole, boxes, f"window-{token}")
    tasks[model] = forest
    for (index, core), box, window in zip(cores, boxes, windows, strict=True):
        tasks[(name, *index)] = (_classes, model, window, box, core)
    graph = HighLevelGraph.from_collections(name, tasks, dependencies=[whole])
    return da.Array(graph, name, chunks, dtype=np.uint8)


def _classes(forest: PixelForest, window: Window, box: Box, core: Box) -> NDArray[np.uint8]:
    places = np.indices(core.shape).reshape(len(core.shape), -1)
    places += np.array(core.start)[:, None]
    responses = filter_bank(assemble(window).astype(np.float32), box, tuple(places))
    classes: NDArray[np.uint8] = forest.probabilities(responses).argmax(axis=1).astype(np.uint8)
    return classes.reshape(core.shape)
