"""Small images, cut into blocks and segmented: what several tests start from."""

import numpy as np
from scipy import ndimage

from terrazzo.blocks import BlockGrid
from terrazzo.lattice import Lattice
from terrazzo.regions.graphs.merge import merge
from terrazzo.regions.graphs.recipe import Recipe, segment_block
from terrazzo.regions.statistics.features import AREA, INTENSITY, scale_space
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

FEATURES = (AREA, INTENSITY, scale_space(1), scale_space(4))
SCALE = 0.3


def blobs(shape=(60, 70), channels=1, seed=0):
    """Return a float32 image (c, y, x) or (c, z, y, x) of soft blobs with some noise, from 0 to about 1."""
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.standard_normal((channels, *shape)), (0, *(4 for _ in shape)))
    spread = (smooth - smooth.min()) / max(np.ptp(smooth), 1e-9)
    return (spread + 0.1 * rng.standard_normal(smooth.shape)).astype(np.float32)


def small_recipe(channels=1, size=(6, 6), features=FEATURES):
    return Recipe(channels, SuperpixelParameters(size, iterations=3, scale=SCALE), features)


def grid_of(shape, size=(6, 6), block_cells=(4, 4)):
    return BlockGrid(Lattice(tuple(shape), size), block_cells)


def segment(image, grid, recipe):
    """Return the labels and the graph of each block, by the block's index."""
    found = {}
    for block in grid:
        window = image[(slice(None), *recipe.window(block).slices)]
        found[block.index] = segment_block(window, block, recipe, recipe.superpixels.scale)
    return found


def labels_of(segmented, grid):
    """Return the label image that the blocks make up."""
    labels = np.zeros(grid.lattice.shape, grid.lattice.dtype)
    for block in grid:
        labels[block.core.slices] = segmented[block.index][0].cut(block.core)
    return labels


def graph_of(segmented, recipe):
    """Return the merged graph of all blocks."""
    return merge([graph for _, graph in segmented.values()], recipe.node_columns, recipe.edge_columns)
