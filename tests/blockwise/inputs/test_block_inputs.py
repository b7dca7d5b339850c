import math
import re

import dask.array as da
import numpy as np
import pytest

import terrazzo as tz
from terrazzo.blocks import BlockGrid, total_pixels
from terrazzo.blockwise.inputs import block_inputs as halo_cost
from terrazzo.kernels.superpixels.connectivity import ADOPTION_CELLS
from terrazzo.kernels.superpixels.slic import _reach
from terrazzo.models.passes.segment_task import assigned, pixels_computed

CASES = [
    ((700, 900), (16, 16), 256),
    ((300, 290), (7, 10), 100),
    ((60, 200, 110), (2, 8, 8), 64),
    ((40, 90, 110), (3, 9, 5), 40),
    ((12, 90, 110), (1, 9, 5), 40),
]


def _grid_and_recipe(shape, size, side):
    return BlockGrid.of(tz.Lattice(shape, size), side), tz.Recipe(1, tz.SuperpixelParameters(size))


@pytest.mark.parametrize(("shape", "size", "side"), CASES)
def test_what_is_read_is_the_sum_of_the_windows(shape, size, side):
    grid, recipe = _grid_and_recipe(shape, size, side)
    assert total_pixels(grid, recipe.window) == sum(math.prod(recipe.window(block).shape) for block in grid)


@pytest.mark.parametrize(("shape", "size", "side"), CASES)
def test_what_is_assigned_is_what_the_kernel_assigns(shape, size, side):
    grid, recipe = _grid_and_recipe(shape, size, side)
    iterations = recipe.superpixels.iterations
    volumes = []
    for block in grid:
        volume, cells = block.as_volume, block.cells_with(recipe.superpixels.halos(1))
        box = cells.scaled(size, shape).as_volume
        adopting = [1 + ADOPTION_CELLS * (along > 1) for along in volume.lattice.size]
        near = volume.cells_with(adopting).within(cells.as_volume)
        kept = tuple((along.start, along.stop) for along in near)
        for iteration in range(1, iterations + 1):
            of_kernel = _reach(kept, iterations - iteration, volume.lattice.size, box.shape)
            mine = assigned(block, recipe.superpixels, iteration).as_volume.within(box)
            assert [(along.start, along.stop) for along in mine] == list(of_kernel)
            volumes.append(math.prod(stop - start for start, stop in of_kernel))
    assert pixels_computed(grid, recipe.superpixels) == sum(volumes) / iterations


UNREAD = da.zeros((300, 400), chunks=200, dtype=np.uint8)
LATTICE = tz.Lattice(UNREAD.shape, (4, 4))


@pytest.mark.parametrize(
    "build",
    [
        lambda block: tz.superpixels(UNREAD, 4, block=block),
        lambda block: tz.annotated_graph(UNREAD, UNREAD, recipe=tz.Recipe(1), classes=2, block=block),
        lambda block: tz.region_graph(UNREAD, da.ones(UNREAD.shape, dtype=np.uint32), lattice=LATTICE, block=block),
    ],
    ids=["superpixels", "annotated_graph", "region_graph"],
)
def test_a_block_that_its_halo_dwarfs_gets_one_line_that_says_what_it_costs(build, caplog, nothing_computes):  # noqa: ARG001
    halo_cost._say_once.cache_clear()
    build(400)
    assert caplog.text == ""
    build(16)
    build(16)
    (line,) = caplog.messages
    assert re.fullmatch(
        r"blocks of (\d+) x \1 pixels read the image \d\d+ times, because each needs the pixels around it; "
        r"a larger one, such as block=\d+, gives the same in less time",
        line,
    )


def test_what_a_dwarfed_block_makes_is_right(pixels, caplog):
    tiny = tz.superpixels(pixels, 6, block=24)
    assert np.array_equal(tiny.compute(), tz.superpixels(pixels, 6, block=200).compute())
    assert len(caplog.messages) <= 1
