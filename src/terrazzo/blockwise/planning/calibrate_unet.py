"""How long would a U-Net take? A few real blocks of the image, in one thread of this process, tell."""

from __future__ import annotations

import math
import time
from functools import partial

import torch

from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.inputs.halo_cost import total_pixels
from terrazzo.io.images.image import Image
from terrazzo.models.unet.classify_pixels import classify_pixels, pixel_window
from terrazzo.models.unet.model import UNetModel

SECONDS = 20


def calibrated_unet_seconds(model: UNetModel, image: Image, grid: BlockGrid) -> float:
    """Return the seconds that one thread would take for the whole image.

    Of the image the middle block and those around it are classified, for 20 seconds, but at least one; the rest
    takes as long per pixel that is read.
    """
    description = model.network.description
    middle = grid[tuple((count - 1) // 2 for count in grid.shape)]
    order = sorted(grid.neighbours(middle, max(grid.block_cells)), key=lambda block: block != middle)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        read, began = 0, time.perf_counter()
        for block in order:
            window = pixel_window(description, block)
            classify_pixels(model, block, image.stored[(slice(None), *window.slices)])
            read += math.prod(window.shape)
            if time.perf_counter() - began > SECONDS:
                break
        seconds = time.perf_counter() - began
    finally:
        torch.set_num_threads(threads)

    return seconds * total_pixels(grid, partial(pixel_window, description)) / read
