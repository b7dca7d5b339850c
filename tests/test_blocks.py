import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.blocks import BlockGrid, Box
from terrazzo.errors import ParameterError
from terrazzo.lattice import Lattice

sizes = st.tuples(st.integers(2, 64), st.integers(2, 64))


@st.composite
def grids(draw):
    lattice = Lattice(draw(st.tuples(st.integers(1, 120), st.integers(1, 120))), draw(sizes))
    return BlockGrid(lattice, draw(st.tuples(st.integers(1, 9), st.integers(1, 9))))


@st.composite
def boxes(draw, limit=60):
    ends = [sorted(draw(st.lists(st.integers(0, limit), min_size=2, max_size=2, unique=True))) for _ in range(2)]
    return Box((ends[0][0], ends[1][0]), (ends[0][1], ends[1][1]))


def mask_of(box, shape=(61, 61)):
    mask = np.zeros(shape, bool)
    mask[box.slices] = True
    return mask


@given(boxes(), boxes())
def test_the_overlap_of_two_boxes_is_what_both_hold(one, other):
    both, overlap = mask_of(one) & mask_of(other), one.overlap(other)
    assert np.array_equal(both, mask_of(overlap) if overlap is not None else np.zeros_like(both))
    assert overlap is None or min(overlap.shape) > 0


@given(grids())
def test_every_cell_has_one_owner(grid):
    owners = np.zeros(grid.lattice.cells, int)
    for block in grid:
        owners[block.cells.slices] += 1
    assert (owners == 1).all()


@given(grids())
def test_every_pixel_lies_in_one_core(grid):
    covered = np.zeros(grid.lattice.shape, int)
    for block in grid:
        covered[block.core.slices] += 1
    assert (covered == 1).all()


@given(grids())
def test_a_grid_has_as_many_blocks_as_it_says_in_raster_order(grid):
    blocks = list(grid)
    assert len(blocks) == len(grid) == np.prod(grid.shape)
    assert [b.index for b in blocks] == list(np.ndindex(*grid.shape))
    assert all(grid[b.index] == b for b in blocks)


@given(grids())
def test_the_curve_visits_each_block_once(grid):
    assert sorted(block.index for block in grid.along_curve()) == [block.index for block in grid]


@given(grids())
def test_the_chunks_are_the_cores(grid):
    chunks = grid.chunks()
    assert tuple(map(sum, chunks)) == grid.lattice.shape
    for block in grid:
        assert block.core.shape == tuple(axis[i] for axis, i in zip(chunks, block.index, strict=True))


@given(grids(), st.data(), st.integers(0, 12))
def test_neighbours_are_the_blocks_that_own_a_cell_within_reach(grid, data, reach):
    block = data.draw(st.sampled_from(list(grid)))
    near = mask_of(block.cells_with(reach), grid.lattice.cells)
    expected = [other for other in grid if near[other.cells.slices].any()]
    assert grid.neighbours(block, reach) == expected
    assert block in expected


@given(grids(), st.data())
def test_the_blocks_that_a_box_touches_own_a_cell_of_it(grid, data):
    start = tuple(data.draw(st.integers(0, n - 1)) for n in grid.lattice.cells)
    stop = tuple(data.draw(st.integers(a + 1, n)) for a, n in zip(start, grid.lattice.cells, strict=True))
    inside = mask_of(Box(start, stop), grid.lattice.cells)
    assert grid.touching(Box(start, stop)) == [block for block in grid if inside[block.cells.slices].any()]


def test_a_block_is_named_after_its_index():
    assert BlockGrid(Lattice((90, 90), (10, 10)), (4, 4))[2, 1].name == "2-1"


@given(grids(), st.data(), st.integers(0, 5))
def test_a_halo_is_made_of_whole_cells_and_ends_at_the_image(grid, data, halo):
    block, lattice = data.draw(st.sampled_from(list(grid))), grid.lattice
    box = block.pixels(halo)
    for axis in range(2):
        assert box.start[axis] == max(0, block.core.start[axis] - halo * lattice.size[axis])
        stop = block.cells.stop[axis] * lattice.size[axis] + halo * lattice.size[axis]
        assert box.stop[axis] == min(lattice.shape[axis], stop)


@given(st.tuples(st.integers(1, 10**7), st.integers(1, 10**7)), sizes, st.integers(1, 5000))
def test_blocks_are_whole_multiples_of_the_storage_chunk(shape, size, side):
    grid = BlockGrid.of(Lattice(shape, size), side)
    for chunk, cells, spacing in zip(grid.storage_chunk, grid.block_cells, size, strict=True):
        assert chunk > 0
        assert cells * spacing % chunk == 0


@given(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), sizes)
def test_a_block_is_about_as_wide_as_it_was_asked_to_be(shape, size):
    for side in (512, 1024, 2048):
        grid = BlockGrid.of(Lattice(shape, size), side)
        for cells, spacing in zip(grid.block_cells, size, strict=True):
            assert abs(cells * spacing - side) <= 2 * spacing


@pytest.mark.parametrize("size", [2, 3, 16, 64])
def test_a_block_narrower_than_four_cells_has_four(size):
    assert BlockGrid.of(Lattice((1000, 1000), (size, size)), 1).block_cells == (4, 4)


def test_small_images_are_cut_finer_than_large_ones():
    small, large = (BlockGrid.of(Lattice((side, side), (16, 16))) for side in (8192, 8193))
    assert small.block_cells == (64, 64)
    assert large.block_cells == (128, 128)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (2, 3)])
def test_an_image_thinner_than_a_cell_has_its_blocks(shape):
    grid = BlockGrid.of(Lattice(shape, (64, 64)), 64)
    covered = sum(np.prod(block.core.shape) for block in grid)
    assert covered == np.prod(shape)


def test_a_grid_of_a_vast_image_is_integers_only():
    lattice = Lattice((2_000_000, 3_000_000), (16, 16))
    grid = BlockGrid.of(lattice)
    last = grid[tuple(n - 1 for n in grid.shape)]
    assert len(grid) == 977 * 1465
    assert last.core.stop == lattice.shape
    assert lattice.id_of([n - 1 for n in last.cells.stop]) == lattice.number_of_cells


@pytest.mark.parametrize("side", [0, -1])
def test_a_block_without_a_pixel_is_refused(side):
    with pytest.raises(ParameterError, match="must be a positive number of pixels"):
        BlockGrid.of(Lattice((10, 10), (2, 2)), side)


@given(boxes())
def test_the_slices_of_a_box_cut_out_its_shape(box):
    assert mask_of(box).sum() == np.prod(box.shape)


@given(boxes(), st.integers(0, 9))
def test_a_grown_box_holds_what_is_within_the_margin(box, margin):
    rows, columns = np.indices((61, 61))
    expected = (rows >= box.start[0] - margin) & (rows < box.stop[0] + margin)
    expected &= (columns >= box.start[1] - margin) & (columns < box.stop[1] + margin)
    assert np.array_equal(mask_of(box.grown(margin, (61, 61))), expected)


def test_a_margin_may_differ_between_the_axes():
    assert Box((5, 5), (6, 6)).grown((1, 3), (60, 60)) == Box((4, 2), (7, 9))


@given(boxes(), st.integers(0, 9))
def test_a_box_is_found_inside_an_array_that_holds_a_larger_one(box, margin):
    image = np.arange(61 * 61).reshape(61, 61)
    outer = box.grown(margin, (61, 61))
    assert np.array_equal(image[outer.slices][box.within(outer)], image[box.slices])


@given(boxes(), boxes())
def test_the_hull_is_the_smallest_box_that_holds_both(a, b):
    hull = a.hull(b)
    both = np.argwhere(mask_of(a) | mask_of(b))
    assert hull.start == tuple(both.min(axis=0))
    assert hull.stop == tuple(both.max(axis=0) + 1)


@given(boxes(), st.integers(1, 16))
def test_an_aligned_box_starts_at_the_multiple_just_before(box, multiple):
    aligned = box.aligned(multiple)
    assert aligned.stop == box.stop
    assert all(a % multiple == 0 and 0 <= b - a < multiple for a, b in zip(aligned.start, box.start, strict=True))


def test_a_box_of_cells_is_a_box_of_pixels_that_ends_at_the_image():
    assert Box((1, 2), (3, 4)).scaled((10, 5), (25, 100)) == Box((10, 10), (25, 20))


def test_a_box_is_not_cut_out_of_one_that_does_not_hold_it():
    with pytest.raises(ParameterError, match="is not inside"):
        Box((0, 3), (5, 9)).within(Box((0, 4), (9, 9)))


def test_an_image_s_block_is_a_volume_s_block_of_depth_1():
    block = BlockGrid(Lattice((100, 90), (8, 8)), (4, 4))[1, 2]
    volume = block.as_volume
    assert volume.core == Box((0, *block.core.start), (1, *block.core.stop)) == block.core.as_volume
    assert volume.pixels(2) == block.pixels(2).as_volume
    assert volume.as_volume == volume


def test_a_volume_s_block_has_as_many_cells_along_each_axis():
    grid = BlockGrid.of(Lattice((400, 1000, 1000), (2, 8, 8)))
    assert grid.block_cells == (32, 32, 32)
    assert grid.storage_chunk == (16, 64, 64)
    assert BlockGrid.of(Lattice((400, 1000, 1000), (2, 8, 8)), 64).block_cells == (8, 8, 8)
