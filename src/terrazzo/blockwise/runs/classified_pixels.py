"""What tasks do with a block and a U-Net: read or assemble its window, classify its pixels; it loads torch."""

from __future__ import annotations

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph
from numpy.typing import NDArray

from terrazzo.blocks import Block, BlockGrid
from terrazzo.blockwise.arrays.block_tasks import MaskWindow
from terrazzo.blockwise.inputs.block_inputs import block_inputs
from terrazzo.blockwise.inputs.masks import Mask, inside, read_mask
from terrazzo.blockwise.inputs.windows import Window, assemble
from terrazzo.io.images.stored_array import StoredArray
from terrazzo.io.results.result import Result
from terrazzo.models.unet.classify_pixels import classify_pixels, pixel_window
from terrazzo.models.unet.model import UNetModel
from terrazzo.regions.classes.annotation import NOT_ANNOTATED


def lazy_pixel_classes(model: UNetModel, array: da.Array, mask: Mask, device: str, grid: BlockGrid) -> da.Array:
    """Return the class of each pixel of an image (c, y, x) or (c, z, y, x), in the chunks of the grid."""
    description = model.network.description
    inputs = block_inputs(array, mask, grid, lambda block: pixel_window(description, block))
    token = tokenize(inputs.token, model.fingerprint(), device)
    name, model_key = f"pixel-classes-{token}", f"model-{token}"
    tasks = inputs.tasks | {model_key: model}
    for one, _, window, mask_window in inputs:
        tasks[(name, *one.index)] = (classes_of_window, model_key, one, window, mask_window, device)
    graph = HighLevelGraph.from_collections(name, tasks, dependencies=inputs.sources)
    return da.Array(graph, name, grid.chunks(), dtype=np.uint8)


def classes_of_window(
    model: UNetModel, block: Block, window: Window, mask: MaskWindow, device: str
) -> NDArray[np.uint8]:
    """Return the class of each pixel of a block's core."""
    pixels = assemble(window)
    counted = inside(assemble(mask) if isinstance(mask, list) else mask, pixels)
    return classify_pixels(model, block, pixels, counted, device)


def classify_stored_pixels(
    block: Block, result: Result, image: StoredArray, mask: Mask, model: UNetModel, device: str
) -> None:
    """Write the classes of a block; where a mask array leaves nothing, the image is not read."""
    window = pixel_window(model.network.description, block)
    counted = read_mask(mask, window)
    if isinstance(counted, np.ndarray) and not counted[block.core.within(window)].any():
        result.write_pixel_classes(block, np.full(block.core.shape, NOT_ANNOTATED, np.uint8))
        return
    pixels = image[(slice(None), *window.slices)]
    result.write_pixel_classes(block, classify_pixels(model, block, pixels, inside(counted, pixels), device))
