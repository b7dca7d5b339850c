import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from segmented import blobs
from strategies import chunkings

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError

IMAGE = blobs((90, 110), 2)


def tasks_of(array):
    """Return the number of tasks that an array needs beyond those of its source."""
    return len(dict(array.__dask_graph__()))


def test_building_computes_nothing(nothing_computes):  # noqa: ARG001
    labels = tz.superpixels(da.from_array(IMAGE, chunks=(1, 40, 50)), size=8)
    assert isinstance(labels, da.Array)


@settings(max_examples=25)
@given(chunkings(IMAGE.shape))
def test_the_chunks_are_those_of_the_image(chunks):
    labels = tz.superpixels(da.from_array(IMAGE, chunks=chunks), size=8, block=40)
    assert labels.chunks == chunks[1:]
    assert labels.dtype == np.uint32


def test_a_numpy_array_a_dask_array_and_an_image_give_the_same(stored, pixels):
    expected = tz.superpixels(pixels, size=8).compute()
    assert expected.shape == pixels.shape[1:]
    for same in (pixels[0], da.from_array(pixels, chunks=33), stored):
        assert np.array_equal(tz.superpixels(same, size=8).compute(), expected)


@pytest.mark.parametrize("size", [8, (8, 8), np.int32(8), tz.Lattice((90, 110), (8, 8))])
def test_a_size_may_be_given_in_several_ways(size):
    assert np.array_equal(tz.superpixels(IMAGE, size).compute(), tz.superpixels(IMAGE, 8).compute())


def test_a_constant_image_gives_the_lattice():
    labels = tz.superpixels(np.full((20, 36), 5, np.uint8), size=(4, 6)).compute()
    rows, columns = np.indices((20, 36))
    assert np.array_equal(labels, rows // 4 * 6 + columns // 6 + 1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (3, 3)])
def test_images_thinner_than_a_cell_are_segmented(shape):
    labels = tz.superpixels(blobs(shape)[0], size=8, block=16).compute()
    assert set(np.unique(labels)) <= set(range(1, tz.Lattice(shape, (8, 8)).number_of_cells + 1))


def test_a_given_scale_replaces_the_estimate():
    weak, strong = (tz.superpixels(IMAGE, 8, scale=scale).compute() for scale in (1e6, 1e-3))
    rows, columns = np.indices(weak.shape) // 8
    assert np.mean(weak == rows * 14 + columns + 1) > 0.95
    assert not np.array_equal(weak, strong)


def test_scaling_the_image_and_the_scale_changes_nothing():
    expected = tz.superpixels(IMAGE, 8).compute()
    assert np.array_equal(tz.superpixels(IMAGE * 4, 8).compute(), expected)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.uint32, np.int64, np.float16, np.float64])
def test_any_real_dtype_is_taken(dtype):
    image = (IMAGE[0] * 100).astype(dtype) if dtype is not bool else IMAGE[0] > 0.5
    labels = tz.superpixels(image, 8).compute()
    assert labels.min() >= 1


def test_ids_of_a_vast_image_are_64_bit_and_cost_nothing_to_declare(nothing_computes):  # noqa: ARG001
    labels = tz.superpixels(da.zeros((2**18, 2**18), chunks=2**17), size=2, block=2**16)
    assert labels.dtype == np.uint64


@pytest.mark.parametrize("block_sides", [64, 128])
def test_there_are_at_most_12_tasks_per_block(block_sides):
    blocks = 64
    image = da.zeros((blocks * block_sides, blocks * block_sides), chunks=block_sides)
    labels = tz.superpixels(image, size=4, block=block_sides, scale=1.0)
    assert labels.numblocks == (blocks, blocks)
    assert (tasks_of(labels) - tasks_of(image)) / blocks**2 <= 12


def test_the_number_of_tasks_grows_with_the_blocks_and_not_with_the_superpixels():
    image = da.zeros((4096, 4096), chunks=512)
    few, many = (tasks_of(tz.superpixels(image, size, block=512)) for size in (32, 4))
    assert few == many


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"size": 1}, "size is 1"),
        ({"size": 2.5}, "size is 2.5"),
        ({"compactness": -1}, "compactness is -1"),
        ({"size": tz.SuperpixelParameters(8), "sigma": 2.0}, "SuperpixelParameters are given and some of what is in"),
        ({"sigma": -1}, "sigma is -1"),
        ({"scale": 0}, "scale is 0"),
        ({"block": 0}, "block is 0"),
        ({"colour": "pink"}, "colour is 'pink'"),
        ({"weights": (1, -1)}, "weights are"),
        ({"weights": (1, 1, 1)}, "there are 3 weights and the image has 2 channels"),
        ({"size": tz.Lattice((50, 50), (5, 5))}, r"the lattice covers \(50, 50\) pixels and the image \(90, 110\)"),
    ],
)
def test_a_parameter_out_of_range_is_refused_at_once(nothing_computes, settings_, message):  # noqa: ARG001
    with pytest.raises(ParameterError, match=message):
        tz.superpixels(IMAGE, **settings_)


def test_colour_of_two_channels_is_refused_at_once(nothing_computes):  # noqa: ARG001
    with pytest.raises(InputError, match="the image has 2 channels of float32 and colour='lab' needs red, green and"):
        tz.superpixels(IMAGE, colour="lab")


def test_what_is_no_image_is_refused_at_once(nothing_computes):  # noqa: ARG001
    with pytest.raises(InputError, match="the image has 1 axes"):
        tz.superpixels(np.zeros(5))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_pixel_that_is_not_finite_is_named_on_compute(value):
    image = IMAGE.copy()
    image[1, 70, 101] = value
    labels = tz.superpixels(da.from_array(image, chunks=30), size=8, block=32)
    with pytest.raises(InputError, match=rf"the image is {value} in channel 1 at pixel \(y, x\) = \(70, 101\)"):
        labels.compute()


def test_a_value_beyond_single_precision_is_named():
    image = np.zeros((40, 50))
    image[7, 9] = 1e300
    with pytest.raises(InputError, match=r"the image is 1e\+300 in channel 0 at pixel \(y, x\) = \(7, 9\)"):
        tz.superpixels(image, scale=1.0).compute()
