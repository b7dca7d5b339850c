"""Masks, lazily: where superpixels are, and what is left alone."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segmented import blobs
from strategies import chunkings, masks

import terrazzo as tz
from terrazzo.errors import InputError

IMAGE = blobs((90, 110), 2)


def bright(pixels):
    return pixels[0] > 0.5


def test_building_computes_nothing(nothing_computes):  # noqa: ARG001
    mask = da.ones((90, 110), dtype=bool, chunks=33)
    assert tz.superpixels(da.from_array(IMAGE, chunks=50), 8, mask=mask).shape == (90, 110)
    assert tz.superpixels(da.from_array(IMAGE, chunks=50), 8, mask=bright).shape == (90, 110)


@settings(max_examples=15)
@given(st.data())
def test_superpixels_are_inside_the_mask_and_nowhere_else_whatever_the_chunks(data):
    mask = data.draw(masks(IMAGE.shape[1:]))
    image = da.from_array(IMAGE, chunks=data.draw(chunkings(IMAGE.shape)))
    chunked = da.from_array(mask, chunks=data.draw(chunkings(mask.shape)))
    labels = tz.superpixels(image, 8, mask=chunked, block=40).compute()
    assert np.array_equal(labels > 0, mask)
    assert np.array_equal(labels, tz.superpixels(IMAGE, 8, mask=mask, block=1000).compute())


def test_a_mask_of_everything_changes_nothing():
    everything = np.ones((90, 110), np.uint8)
    assert np.array_equal(tz.superpixels(IMAGE, 8, mask=everything).compute(), tz.superpixels(IMAGE, 8).compute())


def test_an_image_an_array_and_a_function_give_the_same(tmp_path):
    inside = bright(IMAGE)
    expected = tz.superpixels(IMAGE, 8, mask=inside).compute()
    tz.write_ome_zarr(tmp_path / "mask.zarr", inside.astype(np.uint8), axes="yx")
    for mask in (da.from_array(inside, chunks=19), tz.open_labels(tmp_path / "mask.zarr"), bright):
        found = tz.superpixels(da.from_array(IMAGE, chunks=37), 8, mask=mask, block=40)
        assert np.array_equal(found.compute(), expected)


def test_a_function_sees_the_pixels_of_the_image_in_their_own_dtype():
    image = (IMAGE * 100).astype(np.int16)
    seen = []

    def mask(pixels):
        seen.append((pixels.dtype, pixels.ndim, pixels.shape[0]))
        return pixels[1] > 40

    labels = tz.superpixels(image, 8, mask=mask, block=40).compute()
    assert np.array_equal(labels > 0, image[1] > 40)
    assert set(seen) == {(np.dtype(np.int16), 3, 2)}


def test_what_lies_outside_changes_no_label_inside():
    mask = np.indices((90, 110))[1] < 60
    other = IMAGE.copy()
    other[:, ~mask] = 1000
    expected = tz.superpixels(IMAGE, 8, mask=mask).compute()
    assert np.array_equal(tz.superpixels(other, 8, mask=mask).compute(), expected)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_pixel_outside_may_be_anything_and_one_inside_must_be_finite(value):
    image = IMAGE.copy()
    image[:, 20:30, 40:55] = value
    finite = np.isfinite(image).all(axis=0)
    expected = tz.superpixels(IMAGE, 8, mask=finite).compute()
    for mask in (finite, lambda pixels: np.isfinite(pixels).all(axis=0)):
        assert np.array_equal(tz.superpixels(image, 8, mask=mask, block=40).compute(), expected)
    finite[25, 50] = True
    with pytest.raises(InputError, match=rf"the image is {value} in channel 0 at pixel \(y, x\) = \(25, 50\)"):
        tz.superpixels(image, 8, mask=finite, block=40).compute()


def test_a_mask_with_nothing_inside_gives_no_superpixel():
    labels = tz.superpixels(np.full((90, 110), np.nan), 8, mask=np.zeros((90, 110), bool), block=40)
    assert not labels.compute().any()


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones((90, 100), bool), r"the mask has \(90, 100\) pixels and its image \(90, 110\) \(y, x\)"),
        (np.ones((90, 110)), "the mask holds float64 values"),
    ],
)
def test_what_is_no_mask_is_refused_at_once(nothing_computes, mask, message):  # noqa: ARG001
    with pytest.raises(InputError, match=message):
        tz.superpixels(IMAGE, 8, mask=mask)


def test_a_function_that_returns_no_mask_is_refused_on_compute():
    with pytest.raises(InputError, match=r"the mask function returned float32 of shape \(2, 90, 110\) for pixels of"):
        tz.superpixels(IMAGE, 8, mask=lambda pixels: pixels).compute()
