import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.blocks import BlockGrid
from terrazzo.lattice import Lattice
from terrazzo.regions.superpixels.label_rim import label_rim, surrounded


@st.composite
def grids(draw):
    axes = draw(st.sampled_from((2, 3)))
    several = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(axes))  # noqa: E731
    return BlockGrid(Lattice(several(1, 40 if axes == 2 else 15), several(2, 6)), several(1, 4))


@given(grids(), st.data())
def test_a_core_and_the_rims_around_it_are_the_labels_of_one_more_cell(grid, data):
    shape = grid.lattice.shape
    whole = np.arange(1, 1 + np.prod(shape), dtype=grid.lattice.dtype).reshape(shape)
    block = data.draw(st.sampled_from(list(grid)))
    rims = [label_rim(whole[other.core.slices], other) for other in grid.neighbours(block, 1) if other != block]
    labels = surrounded(whole[block.core.slices], block, rims)
    assert labels.box == block.pixels(1)
    assert np.array_equal(labels.ids, whole[labels.box.slices])


def test_a_rim_does_not_hold_the_labels_that_it_was_cut_from():
    grid = BlockGrid(Lattice((48, 48), (4, 4)), (12, 12))
    ids = np.ones((48, 48), np.uint32)
    assert all(not np.shares_memory(slab.ids, ids) for slab in label_rim(ids, grid[(0, 0)]))
