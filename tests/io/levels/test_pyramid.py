import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segmented import grid_of

from terrazzo.blocks import BlockGrid
from terrazzo.errors import ParameterError
from terrazzo.io.levels.coarse import coarse
from terrazzo.io.levels.pyramid import Pyramid
from terrazzo.lattice import Lattice


@st.composite
def grids(draw):
    axes = draw(st.sampled_from((2, 3)))
    longest = 400 if axes == 2 else 70
    shape = draw(st.tuples(*[st.integers(1, longest)] * axes))
    size = tuple(1 if n == 1 else draw(st.integers(2, 5)) for n in shape)
    cells = draw(st.tuples(*[st.integers(1, 3)] * axes))
    return BlockGrid(Lattice(shape, size), tuple(4 * n for n in cells))


def tasks_of(pyramid):
    """Return (step, tile) of every task, those of blocks first."""
    return [(step, tile) for step in (0, *pyramid.steps) for tile in pyramid.tiles(step)]


@settings(max_examples=60)
@given(grids())
def test_each_chunk_of_each_level_belongs_to_one_task(grid):
    pyramid = Pyramid.of(grid)
    writers = [np.zeros(shape, int) for shape in pyramid.shapes]
    for step, tile in tasks_of(pyramid):
        for level in pyramid.levels(step):
            places, _ = pyramid.part(step, tile, level)
            writers[level][places] += 1
            for place, chunk, length in zip(places, pyramid.chunk, pyramid.shapes[level], strict=True):
                assert place.start % chunk == 0
                assert place.stop % chunk == 0 or place.stop == length
    assert all((count == 1).all() for count in writers)


@settings(max_examples=60)
@given(grids())
def test_a_level_is_every_so_manyth_pixel_whatever_the_blocks(grid):
    pyramid, shape = Pyramid.of(grid), grid.lattice.shape
    pixels = np.arange(np.prod(shape)).reshape(shape)
    levels = [np.full(extent, -1) for extent in pyramid.shapes]
    for step, tile in tasks_of(pyramid):
        source = pixels if step == 0 else levels[pyramid.source(step)]
        for level in pyramid.levels(step):
            places, steps = pyramid.part(step, tile, level)
            levels[level][places] = coarse(source[tile.core.slices], steps, "nearest")
    for factors, level in zip(pyramid.factors, levels, strict=True):
        assert np.array_equal(level, pixels[tuple(slice(None, None, factor) for factor in factors)])


@settings(max_examples=60)
@given(grids())
def test_the_last_level_fits_into_one_chunk_and_the_one_before_does_not(grid):
    pyramid = Pyramid.of(grid)
    fits = [all(n <= c for n, c in zip(shape, pyramid.chunk, strict=True)) for shape in pyramid.shapes]
    assert fits == [False] * (len(fits) - 1) + [True]


def test_the_tiles_of_the_first_step_are_the_blocks():
    grid = grid_of((100, 130), (6, 5), (8, 4))
    cores = [block.core for block in grid]
    assert [tile.core for tile in Pyramid.of(grid).tiles(0)] == cores


def test_rows_and_columns_are_halved_together_and_sections_only_while_they_are_many():
    assert Pyramid.of(grid_of((4000, 300), (4, 4), (16, 16))).factors[-1] == (256, 256)
    volume = Pyramid.of(grid_of((40, 300, 300), (2, 8, 8), (32, 32, 32)))
    assert volume.chunk == (16, 64, 64)
    assert volume.factors == ((1, 1, 1), (2, 2, 2), (4, 4, 4), (4, 8, 8))


@pytest.mark.parametrize(
    ("side", "levels", "tiles"), [(256, 1, 0), (257, 2, 0), (1024, 3, 0), (1025, 4, 1), (4096, 5, 1)]
)
def test_levels_that_lie_inside_a_block_take_no_further_task(side, levels, tiles):
    pyramid = Pyramid.of(BlockGrid.of(Lattice((side, side), (16, 16)), 1024))
    assert (len(pyramid.factors), pyramid.number_of_tiles) == (levels, tiles)


def test_blocks_that_cannot_be_stored_have_no_levels():
    with pytest.raises(ParameterError, match=r"blocks of \(1, 4\) cells are not stored; they need at least 4 per axis"):
        Pyramid.of(grid_of((100, 100), (4, 4), (1, 4)))


def test_a_terapixel_takes_one_more_task_for_fifteen_blocks():
    grid = BlockGrid.of(Lattice((10**6, 10**6), (16, 16)))
    pyramid = Pyramid.of(grid)
    assert pyramid.shapes[-1] == (489, 489)
    assert len(grid) / 16 <= pyramid.number_of_tiles < len(grid) / 14
