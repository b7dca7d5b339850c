import dask.array as da
import numpy as np
import pytest

import terrazzo as tz
from terrazzo.blockwise.inputs.image_array import axes_of, axis_names, image_array, lattice_of
from terrazzo.errors import InputError, ParameterError


@pytest.mark.parametrize(
    ("shape", "spatial_axes", "expected"),
    [
        ((5, 6), None, (1, 5, 6)),
        ((3, 5, 6), None, (3, 5, 6)),
        ((3, 5, 6), 2, (3, 5, 6)),
        ((3, 5, 6), 3, (1, 3, 5, 6)),
        ((2, 3, 5, 6), None, (2, 3, 5, 6)),
        ((2, 3, 5, 6), 2, (2, 3, 5, 6)),
    ],
)
def test_three_axes_are_a_volume_only_where_three_sizes_are_given(shape, spatial_axes, expected):
    for array in (np.zeros(shape), da.zeros(shape, chunks=2)):
        assert image_array(array, spatial_axes).shape == expected


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_matrix_is_an_array_of_two_axes():
    assert image_array(np.asmatrix(np.zeros((5, 6)))).compute().shape == (1, 5, 6)


def test_a_stored_image_knows_its_own_axes(tmp_path):
    tz.write_ome_zarr(tmp_path / "image.zarr", np.zeros((3, 5, 6), np.uint8))
    assert image_array(tz.open_image(tmp_path / "image.zarr"), 3).shape == (3, 5, 6)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros(5), "the image has 1 axes"),
        (np.zeros((1, 1, 1, 5, 5)), "the image has 5 axes"),
        (np.zeros((5, 5), complex), "the image holds complex128 values"),
        (np.zeros((5, 5), object), "the image holds object values"),
        (np.array([["a"]]), "the image holds <U1 values"),
        (np.zeros((0, 5)), "the image is empty"),
        (np.zeros((1, 0, 5, 5)), "the image is empty"),
        (np.zeros((40, 50, 3)), r"looks like \(y, x, c\), .* must be \(c, y, x\); use numpy.moveaxis\(image, -1, 0\)"),
        (np.zeros((20, 9, 9, 4)), r"looks like \(z, y, x, c\), and the axes must be \(c, z, y, x\)"),
    ],
)
def test_what_is_no_image_is_refused(image, message):
    with pytest.raises(InputError, match=message):
        image_array(image)


def test_a_narrow_volume_is_not_taken_for_channels_last():
    assert image_array(np.zeros((40, 50, 3)), 3).shape == (1, 40, 50, 3)


def test_an_image_of_unknown_shape_is_refused():
    unknown = da.zeros((90, 110), chunks=50)
    unknown = unknown[unknown[:, 0] > 0]
    with pytest.raises(InputError, match=r"shape is not known; call compute_chunk_sizes\(\) on the array first"):
        image_array(unknown)


def test_a_size_says_for_how_many_axes_it_is():
    assert [axes_of(size) for size in (8, np.int64(8), (8, 8), [4, 8, 8])] == [None, None, 2, 3]
    assert axes_of(tz.Lattice((9, 9, 9), (3, 3, 3))) == 3


def test_axes_are_named_as_in_sentences():
    assert axis_names(2) == "(y, x)"
    assert axis_names(3) == "(z, y, x)"


def test_a_size_becomes_a_lattice_over_the_image():
    assert lattice_of(da.zeros((1, 30, 40)), 8) == tz.Lattice((30, 40), (8, 8))
    assert lattice_of(da.zeros((1, 9, 30, 40)), (3, 8, 8)) == tz.Lattice((9, 30, 40), (3, 8, 8))


@pytest.mark.parametrize(
    ("shape", "size", "message"),
    [
        ((1, 30, 40), (8, 8, 8), r"size is for 3 axes and the image has 2 \(y, x\); give one number or one per axis"),
        ((1, 9, 30, 40), (8, 8), r"size is for 2 axes and the image has 3 \(z, y, x\)"),
        ((1, 30, 40), tz.Lattice((9, 30, 40), (3, 8, 8)), "size is for 3 axes and the image has 2"),
        ((1, 30, 40), tz.Lattice((30, 41), (8, 8)), r"the lattice covers \(30, 41\) pixels and the image \(30, 40\)"),
        ((1, 30, 40), 1, "size is 1"),
    ],
)
def test_a_size_for_another_image_is_refused(shape, size, message):
    with pytest.raises(ParameterError, match=message):
        lattice_of(da.zeros(shape), size)
