import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from terrazzo.blocks import Box
from terrazzo.kernels.superpixels.ids import cells_of, ids_of, paint
from terrazzo.lattice import Lattice

VAST = Lattice((2**18, 2**18), (2, 2)).as_volume  # 2**34 superpixels
VAST_VOLUME = Lattice((2**12, 2**14, 2**14), (2, 2, 2))
SMALL = [Lattice((50, 70), (7, 5)).as_volume, Lattice((90, 41), (2, 3)).as_volume, Lattice((20, 17, 30), (2, 4, 3))]


@st.composite
def boxes_of_cells(draw):
    """Return a lattice, some of them far beyond 32 bits, and a box of its cells."""
    lattice = draw(st.sampled_from([VAST, VAST_VOLUME, *SMALL]))
    start = [draw(st.integers(0, n - 1)) for n in lattice.cells]
    stop = [draw(st.integers(a + 1, min(a + 4, n))) for a, n in zip(start, lattice.cells, strict=True)]
    return lattice, Box(tuple(start), tuple(stop))


def own_cells(lattice, box, pixels):
    """Return the raster index, in the box, of the cell that each pixel lies in."""
    along = [np.arange(a, b) // s for a, b, s in zip(pixels.start, pixels.stop, lattice.size, strict=True)]
    cells = [cell - first for cell, first in zip(np.meshgrid(*along, indexing="ij"), box.start, strict=True)]
    return np.ravel_multi_index(cells, box.shape).astype(np.int32)


def ids_in(lattice, box):
    pixels = box.scaled(lattice.size, lattice.shape)
    cells = own_cells(lattice, box, pixels)
    ids = np.empty(cells.shape, lattice.dtype)
    ids_of(cells, box.shape, box.start, lattice.cells, ids)
    return ids, cells, pixels


def cells_in(ids, lattice, origin=(0, 0, 0)):
    """Return the cells of `ids` in the box of all cells, and the first foreign pixel."""
    return cells_of(ids, lattice.cells, origin, lattice.size, (0, 0, 0), lattice.cells)


@settings(max_examples=25)
@given(boxes_of_cells())
def test_ids_are_those_of_the_lattice(case):
    lattice, box = case
    ids, _, pixels = ids_in(lattice, box)
    assert ids.dtype == lattice.dtype
    for pixel in np.ndindex(ids.shape):
        cell = [(a + i) // size for a, i, size in zip(pixels.start, pixel, lattice.size, strict=True)]
        assert int(ids[pixel]) == lattice.id_of(cell)


@given(boxes_of_cells())
def test_cells_are_found_again_by_their_ids(case):
    lattice, box = case
    ids, cells, pixels = ids_in(lattice, box)
    found, foreign = cells_of(ids, lattice.cells, pixels.start, lattice.size, box.start, box.shape)
    assert foreign == -1
    assert np.array_equal(found, cells)


@pytest.mark.parametrize("dtype", [np.uint32, np.uint64])
def test_no_superpixel_and_no_cell_stand_for_each_other(dtype):
    lattice, ids = Lattice((9, 9), (4, 4)).as_volume, np.array([[[1, 0], [0, 1]]], dtype)
    cells, foreign = cells_in(ids, lattice)
    assert cells.tolist() == [[[0, -1], [-1, 0]]]
    assert foreign == -1
    again = np.empty_like(ids)
    ids_of(cells, lattice.cells, (0, 0, 0), lattice.cells, again)
    assert np.array_equal(again, ids)


@pytest.mark.parametrize("ids", [np.uint32(3), np.uint32(7), np.uint64(2**63), np.int64(-1), np.uint32(10)])
def test_the_first_pixel_whose_id_has_no_business_there_is_named(ids):
    labels = np.ones((1, 4, 4), ids.dtype)
    labels[0, 2, 1] = ids
    labels[0, 3, 3] = ids
    cells, foreign = cells_in(labels, Lattice((12, 12), (4, 4)).as_volume)
    assert foreign == 2 * 4 + 1
    assert cells[0, 2, 1] == -1


def test_the_first_pixel_of_a_volume_is_the_first_in_raster_order():
    labels = np.ones((3, 4, 4), np.uint32)
    labels[1, 3, 2] = labels[2, 0, 0] = 27
    _, foreign = cells_in(labels, Lattice((12, 12, 12), (4, 4, 4)))
    assert foreign == (1 * 4 + 3) * 4 + 2


@pytest.mark.parametrize(("shape", "size"), [((7, 6), (3, 3)), ((1, 5), (2, 2)), ((4, 5, 6), (2, 3, 3))])
def test_ids_beyond_the_last_cell_are_foreign_everywhere(shape, size):
    lattice = Lattice(shape, size).as_volume
    for beyond in range(1, 2 * lattice.number_of_cells + 2):
        ids = np.full(lattice.shape, lattice.number_of_cells + beyond, np.uint32)
        cells, foreign = cells_in(ids, lattice)
        assert foreign == 0
        assert (cells == -1).all()


@given(st.integers(2, 5), st.integers(2, 9), st.integers(2, 9))
def test_a_pixel_may_name_the_two_nearest_cells_along_each_axis(depth, height, width):
    lattice = Lattice((3 * depth, 3 * height, 3 * width), (depth, height, width))
    for raster in range(27):
        ids = np.full(lattice.shape, raster + 1, np.uint32)
        cells, _ = cells_in(ids, lattice)
        centre = [(i + 0.5) * s for i, s in zip(np.unravel_index(raster, (3, 3, 3)), lattice.size, strict=True)]
        pixels = np.indices(lattice.shape) + 0.5
        apart = [np.abs(p - c) - s for p, c, s in zip(pixels, centre, lattice.size, strict=True)]
        assert ((cells >= 0) <= np.all(np.less_equal(apart, 0), axis=0)).all()
        assert ((cells >= 0) >= np.all(np.less(apart, 0), axis=0)).all()


shapes = hnp.array_shapes(min_dims=2, max_dims=3, max_side=12)


@given(st.data(), shapes)
def test_every_pixel_gets_the_value_of_its_region(data, shape):
    cells = data.draw(hnp.arrays(np.int32, shape, elements=st.integers(-1, 6)))
    values = data.draw(hnp.arrays(np.uint8, 7))
    painted = paint(cells, values, 255)
    assert painted.dtype == np.uint8
    assert np.array_equal(painted, np.append(values, np.uint8(255))[cells])


def test_pixels_without_a_region_are_empty():
    assert paint(np.array([[-1, 0]], np.int32), np.array([3], np.uint8), 9).tolist() == [[9, 3]]
