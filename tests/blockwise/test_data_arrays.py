"""Images, labels and masks of xarray: axes by name, coordinates kept, and the same bits as of plain arrays."""

import logging

import dask
import dask.array as da
import numpy as np
import pytest
from segmented import blobs
from thresholds import Threshold

import terrazzo as tz
from terrazzo.blockwise.inputs.data_array import pixel_size_of, plane_of
from terrazzo.errors import InputError

xr = pytest.importorskip("xarray", reason="xarray is in the test extra")

IMAGE = (200 * blobs((60, 80))).clip(0, 255).astype(np.uint8)[0]
MODEL = Threshold(1.0, 100.0)
YX = {"y": 10 + 0.5 * np.arange(60), "x": -0.5 * np.arange(80)}


def micrometres(array):
    for axis in array.coords:
        array.coords[axis].attrs["units"] = "µm"
    return array


@pytest.fixture
def image():
    return micrometres(xr.DataArray(IMAGE, dims=("y", "x"), coords=YX, name="stain", attrs={"stain": "H&E"}))


@pytest.mark.parametrize("order", [("y", "x"), ("x", "y"), ("channel", "x", "y"), ("x", "time", "y", "z")])
def test_the_prediction_has_the_axes_and_coordinates_of_the_image_whatever_their_order(image, order):
    more = {axis: [7] for axis in order if axis not in "yx"}
    given = image.expand_dims(more).transpose(*order)
    found = tz.predict(MODEL, given)
    assert isinstance(found, xr.DataArray)
    assert isinstance(found.data, da.Array)
    assert found.dims == tuple(axis for axis in order if axis in "yx")
    assert found.name == "classes"
    assert found.attrs == {"class_names": ["dark", "bright"]}
    for axis in "yx":
        assert np.array_equal(found.coords[axis], image.coords[axis])
        assert found.coords[axis].attrs == {"units": "µm"}
    assert ("time" in found.coords) == ("time" in order)
    assert "channel" not in found.coords
    assert np.array_equal(found.transpose("y", "x"), tz.predict(MODEL, IMAGE).compute())


def test_nothing_is_read_before_the_prediction_is_and_chunks_are_kept():
    reads = []

    def read(block):
        if block.size:
            reads.append(block.shape)
        return block

    lazy = da.from_array(IMAGE.T, chunks=(30, 25)).map_blocks(read, meta=np.empty((0, 0), np.uint8))
    found = tz.predict(MODEL, xr.DataArray(lazy, dims=("x", "y")), block=32)
    assert not reads
    assert found.chunks == lazy.chunks
    with dask.config.set(scheduler="synchronous"):
        assert np.array_equal(found.compute().T, tz.predict(MODEL, IMAGE).compute())
    assert reads


def test_superpixels_and_their_graph_are_the_same_bits_as_of_plain_arrays(image):
    lattice = tz.Lattice.of(image.T, 8)
    assert lattice == tz.Lattice.of(IMAGE, 8)
    labels = tz.superpixels(image.T, lattice)
    plain = tz.superpixels(IMAGE, 8)
    assert labels.dims == ("x", "y")
    assert labels.name == "superpixels"
    assert np.array_equal(labels.T, plain.compute())
    graphs = [tz.region_graph(*pair, lattice=lattice).compute() for pair in ((image.T, labels), (IMAGE, plain))]
    assert np.array_equal(graphs[0].node_features, graphs[1].node_features)
    assert np.array_equal(graphs[0].edge_index, graphs[1].edge_index)


def test_a_volume_and_a_mask_of_other_orders_are_the_same_as_plain_ones():
    volume = blobs((6, 30, 40))[0].astype(np.float32)
    mask = np.indices(volume.shape)[2] > 11
    given = xr.DataArray(volume, dims=("z", "y", "x")).transpose("x", "z", "y")
    inside = xr.DataArray(mask, dims=("z", "y", "x")).transpose("y", "x", "z")
    found = tz.superpixels(given, (2, 6, 6), mask=inside)
    assert np.array_equal(found.transpose("z", "y", "x"), tz.superpixels(volume, (2, 6, 6), mask=mask).compute())


def test_the_size_of_a_pixel_is_the_step_of_its_coordinates(image, caplog):
    assert pixel_size_of(image) == ((0.5, 0.5), "micrometer")
    assert pixel_size_of(image.isel(x=slice(None, None, 3))) == ((0.5, 1.5), "micrometer")
    assert pixel_size_of(image.drop_vars("x")) == (None, None)
    image.coords["x"].attrs["units"] = "mm"
    assert pixel_size_of(image) == (None, None)
    assert not caplog.records
    uneven = image.assign_coords(x=np.arange(80.0) ** 2)
    assert pixel_size_of(uneven) == (None, None)
    assert [one.getMessage() for one in caplog.records] == [
        "the coordinates along x are irregular, so the size of a pixel is not known"
    ]


def test_a_fit_remembers_the_size_and_a_prediction_says_where_another_one_is(image, caplog):
    truth = xr.DataArray((IMAGE > 100).astype(np.uint8), dims=("y", "x"), coords=YX)
    model = tz.fit_forest([image], [truth.T], training=tz.ForestTraining(samples=500, trees=10))
    assert (model.pixel_size, model.pixel_unit) == ((0.5, 0.5), "micrometer")
    plain = tz.fit_forest([IMAGE], [truth.values], training=tz.ForestTraining(samples=500, trees=10))
    assert np.array_equal(tz.predict(model, image), tz.predict(plain, IMAGE).compute())
    caplog.clear()
    wider = micrometres(image.assign_coords(y=2 * image.y, x=2 * image.x))
    with caplog.at_level(logging.WARNING):
        tz.predict(model, wider)
    assert "the pixels of the image are 2 times as wide as those that the model was fitted at: 1 x 1" in caplog.text


def test_an_annotation_or_a_mask_of_another_place_is_refused(image):
    truth = xr.DataArray((IMAGE > 100).astype(np.uint8), dims=("y", "x"), coords=YX)
    moved = truth.assign_coords(y=truth.y + 0.5)
    with pytest.raises(InputError, match=r"annotation and its image have other coordinates along y, from 10\.5 to"):
        tz.fit_forest([image], [moved])
    with pytest.raises(InputError, match="the mask and its image have other coordinates along x"):
        tz.predict(MODEL, image, mask=truth.isel(x=slice(None, None, -1)))
    almost = truth.assign_coords(y=truth.y + 1e-5)
    assert tz.predict(MODEL, image, mask=almost).shape == image.shape


def test_what_is_no_image_is_refused_in_one_sentence(image):
    with pytest.raises(InputError, match=r"2 long along time, and an image is of one time: select one.*array\.isel"):
        tz.predict(MODEL, image.expand_dims(time=2))
    with pytest.raises(InputError, match="has the axes lat, lon; those of an image are y and x"):
        tz.predict(MODEL, image.rename(y="lat", x="lon"))
    with pytest.raises(InputError, match="the array has 3 channels; labels have one"):
        plane_of(image.expand_dims(c=3))
    with pytest.raises(InputError, match="a data set of the arrays 'stain'"):
        tz.predict(MODEL, image.to_dataset())
