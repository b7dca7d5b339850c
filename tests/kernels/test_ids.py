import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrazzo.blocks import Box
from terrazzo.kernels.ids import cells_of, ids_of
from terrazzo.lattice import Lattice

VAST = Lattice((2**18, 2**18), (2, 2))  # 2**34 superpixels


@st.composite
def boxes_of_cells(draw):
    """Return a lattice, some of them far beyond 32 bits, and a box of its cells."""
    lattice = draw(st.sampled_from([VAST, Lattice((50, 70), (7, 5)), Lattice((90, 41), (2, 3))]))
    start = [draw(st.integers(0, n - 1)) for n in lattice.cells]
    stop = [draw(st.integers(a + 1, min(a + 4, n))) for a, n in zip(start, lattice.cells, strict=True)]
    return lattice, Box(tuple(start), tuple(stop))


def own_cells(lattice, box, pixels):
    """Return the raster index, in the box, of the cell that each pixel lies in."""
    rows, columns = (np.arange(a, b) // s for a, b, s in zip(pixels.start, pixels.stop, lattice.size, strict=True))
    return ((rows - box.start[0])[:, None] * box.shape[1] + columns - box.start[1]).astype(np.int32)


def ids_in(lattice, box):
    pixels = box.scaled(lattice.size, lattice.shape)
    cells = own_cells(lattice, box, pixels)
    ids = np.empty(cells.shape, lattice.dtype)
    ids_of(cells, box.shape[1], box.start, lattice.cells[1], ids)
    return ids, cells, pixels


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
    found, foreign = cells_of(ids, lattice.cells[1], pixels.start, lattice.size, box.start, box.shape[1])
    assert foreign == -1
    assert np.array_equal(found, cells)


def test_a_pixel_without_a_superpixel_has_no_cell():
    ids = np.array([[1, 0], [0, 1]], np.uint32)
    cells, foreign = cells_of(ids, 3, (0, 0), (4, 4), (0, 0), 3)
    assert cells.tolist() == [[0, -1], [-1, 0]]
    assert foreign == -1


@pytest.mark.parametrize("ids", [np.uint32(3), np.uint32(7), np.uint64(2**63), np.int64(-1)])
def test_the_first_pixel_whose_id_has_no_business_there_is_named(ids):
    labels = np.ones((4, 4), ids.dtype)
    labels[2, 1] = ids
    labels[3, 3] = ids
    cells, foreign = cells_of(labels, 3, (0, 0), (4, 4), (0, 0), 3)
    assert foreign == 2 * 4 + 1
    assert cells[2, 1] == -1


@given(st.integers(2, 9), st.integers(2, 9))
def test_a_pixel_may_name_the_two_nearest_cells_along_each_axis(height, width):
    lattice = Lattice((3 * height, 3 * width), (height, width))
    for raster in range(9):
        ids = np.full(lattice.shape, raster + 1, np.uint32)
        cells, _ = cells_of(ids, 3, (0, 0), lattice.size, (0, 0), 3)
        centre = [(i + 0.5) * s for i, s in zip(divmod(raster, 3), lattice.size, strict=True)]
        pixels = np.indices(lattice.shape) + 0.5
        near = [np.abs(p - c) <= s for p, c, s in zip(pixels, centre, lattice.size, strict=True)]
        strictly = [np.abs(p - c) < s for p, c, s in zip(pixels, centre, lattice.size, strict=True)]
        assert ((cells >= 0) <= (near[0] & near[1])).all()
        assert ((cells >= 0) >= (strictly[0] & strictly[1])).all()
