import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.measure import regionprops_table

from terrazzo.kernels.measures.shape import SHAPE_COLUMNS, shapes


def blobs(extent, seed=0):
    """Return connected regions (labels from 1) of many sizes, from a pixel on, some at the border."""
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).random(extent), 1.5)
    return ndimage.label(smooth > smooth.mean() + smooth.std())[0]


def columns_of(labels):
    """Return `shapes` of a label image of two or three axes, by the columns' names."""
    index = (labels - 1).astype(np.int32).reshape((1,) * (3 - labels.ndim) + labels.shape)
    area = np.bincount(labels.ravel())[1:]
    return dict(zip(SHAPE_COLUMNS, shapes(index, area, labels.ndim).T, strict=True))


def test_shapes_in_the_plane_are_those_of_scikit_image():
    labels = blobs((90, 120))
    names = ("area", "extent", "eccentricity", "axis_major_length", "axis_minor_length")
    expected = regionprops_table(labels, properties=names)
    found = columns_of(labels)
    assert len(found["extent"]) > 20
    assert np.array_equal(found["extent"], expected["extent"])
    assert np.allclose(found["eccentricity"], expected["eccentricity"], atol=1e-7)
    assert np.allclose(found["major_axis"], expected["axis_major_length"], atol=1e-9)
    assert np.allclose(found["minor_axis"], expected["axis_minor_length"], atol=1e-9)


def test_shapes_in_a_volume_are_those_of_scikit_image():
    labels = blobs((24, 30, 36))
    # its own lengths are of the same ellipsoid, but NaN where rounding makes the least variance negative
    expected = regionprops_table(labels, properties=("extent", "inertia_tensor_eigvals", "area"))
    inertia = np.stack([expected[f"inertia_tensor_eigvals-{i}"] for i in range(3)], axis=1)
    variances = np.maximum(inertia.sum(axis=1, keepdims=True) / 2 - inertia, 0)
    found = columns_of(labels)
    assert len(found["extent"]) > 20
    assert np.array_equal(found["extent"], expected["extent"])
    assert np.allclose(found["major_axis"], 2 * np.sqrt(5 * variances.max(axis=1)), atol=1e-6)
    assert np.allclose(found["minor_axis"], 2 * np.sqrt(5 * variances.min(axis=1)), atol=1e-6)


@pytest.mark.parametrize("axes", [2, 3])
@given(data=st.data())
def test_the_perimeter_counts_faces_to_anything_else(axes, data):
    extents = hnp.array_shapes(min_dims=axes, max_dims=axes, max_side=5)
    drawn = data.draw(hnp.arrays(np.int64, extents, elements=st.integers(-1, 3)))
    labels = np.searchsorted(np.unique(drawn[drawn >= 0]), drawn) + 1
    labels[drawn < 0] = 0
    for number, perimeter in enumerate(columns_of(labels)["perimeter"], start=1):
        inside = np.pad(labels == number, 1).astype(int)
        assert perimeter == sum(np.count_nonzero(np.diff(inside, axis=axis)) for axis in range(axes))


@pytest.mark.parametrize("extent", [(7, 7), (4, 4, 4)])
def test_a_square_and_a_cube_are_as_compact_as_can_be(extent):
    found = columns_of(np.ones(extent, int))
    assert found["isoperimetric_ratio"] == pytest.approx([1])
    assert found["extent"].tolist() == [1]
    assert found["eccentricity"] == pytest.approx([0], abs=1e-6)


@pytest.mark.parametrize("extent", [(1, 9), (9, 1), (9, 1, 1), (1, 1, 9)])
def test_a_line_is_as_eccentric_as_can_be(extent):
    found = columns_of(np.ones(extent, int))
    assert found["eccentricity"].tolist() == [1]
    assert found["minor_axis"].tolist() == [0]


@pytest.mark.parametrize("axes", [2, 3])
def test_a_pixel_has_a_shape_without_extent(axes):
    found = columns_of(np.ones((1,) * axes, int))
    assert [found[name].item() for name in SHAPE_COLUMNS] == [2 * axes, 0, 0, 0, 1, 1]


@pytest.mark.parametrize("extent", [(40, 50), (16, 18, 20)])
def test_shapes_do_not_depend_on_where_a_region_lies(extent):
    labels = blobs(extent, seed=3)
    elsewhere = np.pad(labels, [(70 + axis, 3) for axis in range(labels.ndim)])
    for name, values in columns_of(labels).items():
        assert np.array_equal(columns_of(elsewhere)[name], values), name


def test_a_turned_region_has_the_same_shape():
    labels = blobs((16, 18, 20), seed=4)
    turned = labels.transpose(2, 0, 1)
    for name, values in columns_of(labels).items():
        assert np.allclose(columns_of(turned)[name], values, atol=1e-7), name


def test_without_regions_there_are_no_shapes():
    assert shapes(np.full((1, 3, 3), -1, np.int32), np.zeros(0, np.int64), 2).shape == (0, 6)
