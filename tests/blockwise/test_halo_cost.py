import math

import pytest

import terrazzo as tz
from terrazzo.blocks import BlockGrid
from terrazzo.blockwise.halo_cost import assigned, pixels_computed, pixels_read
from terrazzo.kernels.connectivity import ADOPTION_CELLS
from terrazzo.kernels.slic import _reach

CASES = [
    ((700, 900), (16, 16), 256),
    ((300, 290), (7, 10), 100),
    ((60, 200, 110), (2, 8, 8), 64),
    ((40, 90, 110), (3, 9, 5), 40),
]


def _grid_and_recipe(shape, size, side):
    return BlockGrid.of(tz.Lattice(shape, size), side), tz.Recipe(1, tz.SuperpixelParameters(size))


@pytest.mark.parametrize(("shape", "size", "side"), CASES)
def test_what_is_read_is_the_sum_of_the_windows(shape, size, side):
    grid, recipe = _grid_and_recipe(shape, size, side)
    assert pixels_read(grid, recipe) == sum(math.prod(recipe.window(block).shape) for block in grid)


@pytest.mark.parametrize(("shape", "size", "side"), CASES)
def test_what_is_assigned_is_what_the_kernel_assigns(shape, size, side):
    grid, recipe = _grid_and_recipe(shape, size, side)
    iterations = recipe.superpixels.iterations
    volumes = []
    for block in grid:
        volume, cells = block.as_volume, block.cells_with(recipe.superpixels.halo(1))
        box = cells.scaled(size, shape).as_volume
        near = volume.cells_with(1 + ADOPTION_CELLS).within(cells.as_volume)
        kept = tuple((along.start, along.stop) for along in near)
        for iteration in range(1, iterations + 1):
            of_kernel = _reach(kept, iterations - iteration, volume.lattice.size, box.shape)
            mine = assigned(block, recipe.superpixels, iteration).as_volume.within(box)
            assert [(along.start, along.stop) for along in mine] == list(of_kernel)
            volumes.append(math.prod(stop - start for start, stop in of_kernel))
    assert pixels_computed(grid, recipe.superpixels) == sum(volumes) / iterations
