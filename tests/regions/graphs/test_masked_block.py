import numpy as np
import pytest
from segmented import SCALE, blobs, grid_of, small_recipe

from terrazzo.regions.graphs.masked_block import is_outside, nothing, segment_masked_block
from terrazzo.regions.graphs.merge import merge
from terrazzo.regions.graphs.segment_block import segment_block

RECIPE, GRID = small_recipe(), grid_of((60, 70))
BLOCK = GRID[1, 1]
WINDOW = RECIPE.window(BLOCK)
PIXELS = blobs((60, 70))[(slice(None), *WINDOW.slices)]


def masked(at=None):
    """Return a mask of the block's window with one pixel of the whole image inside."""
    mask = np.zeros((60, 70), bool)
    if at is not None:
        mask[at] = True
    return mask[WINDOW.slices]


@pytest.mark.parametrize(("at", "outside"), [(None, True), ((24, 24), False), ((18, 53), False), ((17, 30), True)])
def test_a_block_is_outside_when_no_pixel_of_its_core_and_one_cell_around_is_inside(at, outside):
    assert is_outside(masked(at), BLOCK, RECIPE) is outside
    assert is_outside(None, BLOCK, RECIPE) is False


def test_a_block_outside_has_no_superpixel_node_or_edge_and_its_pixels_are_not_looked_at():
    labels, graph = segment_masked_block(np.full_like(PIXELS, np.nan), masked(), BLOCK, RECIPE, SCALE)
    assert not labels.cut(BLOCK.core).any()
    assert graph.ids.size == graph.edges.size == 0


def test_nothing_is_what_the_whole_computation_would_have_found():
    labels, graph = segment_block(PIXELS, BLOCK, RECIPE, SCALE, masked())
    fast_labels, fast = nothing(BLOCK, RECIPE)
    assert fast_labels.box == labels.box
    assert np.array_equal(fast_labels.ids, labels.ids)
    for name, found in vars(fast).items():
        expected = vars(graph)[name]
        assert (found.shape, found.dtype) == (expected.shape, expected.dtype), name


def test_nothing_and_something_merge():
    parts = [segment_block(PIXELS, BLOCK, RECIPE, SCALE)[1], nothing(GRID[0, 0], RECIPE)[1]]
    merged = merge(parts, RECIPE.node_columns, RECIPE.edge_columns)
    assert np.array_equal(merged.ids, np.sort(parts[0].ids))
