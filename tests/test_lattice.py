import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.errors import ParameterError
from terrazzo.lattice import Lattice, spacing

extents = st.tuples(st.integers(1, 500), st.integers(1, 500))
sizes = st.tuples(st.integers(2, 64), st.integers(2, 64))
lattices = st.builds(Lattice, extents, sizes)


@given(lattices)
def test_cells_cover_the_image_and_no_cell_is_empty(lattice):
    for extent, size, cells in zip(lattice.shape, lattice.size, lattice.cells, strict=True):
        assert (cells - 1) * size < extent <= cells * size


@given(lattices)
def test_the_last_cell_has_the_largest_id_and_the_first_has_1(lattice):
    assert lattice.id_of((0, 0)) == 1
    assert lattice.id_of([n - 1 for n in lattice.cells]) == lattice.number_of_cells


@given(lattices, st.data())
def test_a_cell_is_found_again_by_its_id(lattice, data):
    cell = tuple(data.draw(st.integers(0, n - 1)) for n in lattice.cells)
    assert lattice.cell_of(lattice.id_of(cell)) == cell


def test_ids_count_the_cells_in_raster_order():
    lattice = Lattice((5, 11), (2, 4))
    ids = [[lattice.id_of((row, column)) for column in range(3)] for row in range(3)]
    assert ids == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_an_image_thinner_than_a_cell_has_one_row_of_cells():
    assert Lattice((1, 100), (64, 64)).cells == (1, 2)
    assert Lattice((3, 2), (64, 64)).number_of_cells == 1


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [(2**32 - 1, np.uint32), (2**32, np.uint64), (2**32 + 1, np.uint64)],
)
def test_ids_are_uint32_exactly_as_long_as_they_fit(cells, dtype):
    lattice = Lattice((2, 2 * cells), (2, 2))
    assert lattice.number_of_cells == cells
    assert lattice.dtype == dtype
    assert lattice.dtype.type(lattice.number_of_cells) == cells


def test_ids_beyond_32_bits_are_found_again():
    lattice = Lattice((2_000_000, 3_000_001), (2, 3))
    assert lattice.dtype == np.uint64
    cell = (999_999, 1_000_000)
    assert lattice.id_of(cell) == 1_000_000 * 1_000_001
    assert lattice.cell_of(lattice.id_of(cell)) == cell


def test_more_cells_than_64_bits_are_refused():
    with pytest.raises(ParameterError, match="64-bit ids; choose a larger size"):
        Lattice((2**34, 2**34), (2, 2))


@pytest.mark.parametrize("shape", [(30, 40), (3, 30, 40)])
def test_a_lattice_covers_the_last_two_axes_of_an_image(shape):
    assert Lattice.of(np.empty(shape), 10) == Lattice((30, 40), (10, 10))
    assert Lattice.of(np.empty(shape), (10, 8)) == Lattice((30, 40), (10, 8))


@pytest.mark.parametrize("image", [np.empty(5), np.empty((1, 1, 1, 5, 5)), "no image"])
def test_what_has_not_two_to_four_axes_has_no_lattice(image):
    with pytest.raises(ParameterError, match=r"it must be \(y, x\), \(c, y, x\) or \(c, z, y, x\)"):
        Lattice.of(image, 4)


def test_a_volume_has_a_lattice_with_three_axes():
    assert Lattice.of(np.empty((2, 9, 30, 40)), 10) == Lattice((9, 30, 40), (10, 10, 10))
    assert Lattice.of(np.empty((2, 9, 30, 40)), (2, 8, 8)) == Lattice((9, 30, 40), (2, 8, 8))
    assert Lattice.of(np.empty((9, 30, 40)), (2, 8, 8)) == Lattice((9, 30, 40), (2, 8, 8))


def test_an_image_is_a_volume_of_depth_1_with_the_same_ids():
    lattice = Lattice((30, 41), (10, 8))
    volume = lattice.as_volume
    assert (volume.shape, volume.size, volume.cells) == ((1, 30, 41), (1, 10, 8), (1, 3, 6))
    assert volume.id_of((0, 2, 1)) == lattice.id_of((2, 1))
    assert volume.as_volume == volume


def test_an_empty_image_has_no_lattice():
    with pytest.raises(ParameterError, match="the image is empty"):
        Lattice.of(np.empty((0, 5)), 4)


def test_size_and_shape_need_as_many_axes():
    with pytest.raises(ParameterError, match="size has 3 axes and the image 2"):
        Lattice((5, 5), (4, 4, 4))


def test_a_lattice_checks_its_spacing_itself():
    with pytest.raises(ParameterError, match=r"size is \(0, 4\); it must be a whole number of pixels of at least 2"):
        Lattice((5, 5), (0, 4))


@pytest.mark.parametrize("size", [1, 0, -4, 2.5, 16.0, True, (4, 1), (4, 4, 4), (4,), (), "16", None])
def test_a_size_that_is_no_whole_number_of_at_least_2_is_refused(size):
    with pytest.raises(ParameterError, match="whole number of pixels of at least 2, or one per axis"):
        spacing(size, axes=2)


@pytest.mark.parametrize(("size", "axes"), [((8, 8), 3), ((4, 4, 4), 2), ((4,), 2)])
def test_a_size_for_other_axes_is_refused_with_both_counts(size, axes):
    with pytest.raises(ParameterError, match=f"{len(size)} long for {axes} axes; it must be a whole number"):
        spacing(size, axes)


def test_a_size_of_1_is_one_along_z_of_a_volume_alone():
    assert spacing((1, 8, 8), axes=3) == (1, 8, 8)
    assert Lattice((5, 20, 30), (1, 8, 8)).cells == (5, 3, 4)
    for size in (1, (8, 1, 8), (0, 8, 8)):
        with pytest.raises(ParameterError, match="of at least 2, or one per axis; 1 along z is of superpixels in one"):
            spacing(size, axes=3)


def test_numpy_integers_are_sizes():
    assert spacing(np.int64(7), axes=2) == (7, 7)
    assert spacing(np.array([3, 5]), axes=2) == (3, 5)
    assert all(type(s) is int for s in spacing(np.array([3, 5]), axes=2))


@pytest.mark.parametrize(
    "lattice", [Lattice((50, 70), (7, 5)), Lattice((9, 17, 20), (2, 4, 3)), Lattice((1, 9), (1, 4))]
)
def test_many_ids_and_their_cells_are_found_at_once(lattice):
    ids = np.arange(1, lattice.number_of_cells + 1, dtype=np.uint32)
    cells = lattice.cells_of(ids)
    assert cells.dtype == np.int64
    assert [tuple(cell) for cell in cells.tolist()] == [lattice.cell_of(i) for i in ids]
    assert np.array_equal(lattice.ids_of(cells), ids)
    assert lattice.ids_of(cells).dtype == lattice.dtype
    assert lattice.cells_of(ids.reshape(1, -1)).shape == (1, ids.size, len(lattice.shape))


def test_ids_beyond_32_bits_have_cells():
    lattice = Lattice((2**18, 2**18), (2, 2))
    ids = np.array([2**34, 2**33 + 5], np.uint64)
    assert lattice.cells_of(ids).tolist() == [list(lattice.cell_of(i)) for i in (2**34, 2**33 + 5)]
    assert np.array_equal(lattice.ids_of(lattice.cells_of(ids)), ids)
