import dask.array as da
import numpy as np
import pytest

import terrazzo as tz
from terrazzo.blocks import Box
from terrazzo.blockwise.inputs.masks import checked_mask, inside, read_mask
from terrazzo.errors import InputError

MASK = np.random.default_rng(0).random((20, 30)) > 0.5


def bright(pixels):
    return pixels[0] > 0.5


def test_nothing_and_functions_stay_what_they_are():
    assert checked_mask(None, (20, 30)) is None
    assert checked_mask(bright, (20, 30)) is bright


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64])
def test_any_whole_number_but_0_is_inside(dtype):
    mask = checked_mask(MASK.astype(dtype) * 3, MASK.shape)
    assert mask.dtype == bool
    assert np.array_equal(mask.compute(), MASK)


def test_an_image_with_one_channel_is_a_mask(tmp_path):
    tz.write_ome_zarr(tmp_path / "mask.zarr", MASK.astype(np.uint8), axes="yx")
    assert np.array_equal(checked_mask(tz.open_labels(tmp_path / "mask.zarr"), MASK.shape).compute(), MASK)


def test_checking_reads_no_pixel(nothing_computes):  # noqa: ARG001
    assert checked_mask(da.ones((20, 30), dtype=np.uint8, chunks=7), (20, 30)).chunks[0] == (7, 7, 6)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (MASK[:, :9], r"the mask has \(20, 9\) pixels and its image \(20, 30\) \(y, x\); they must be equal"),
        (MASK[None], r"the mask has \(1, 20, 30\) pixels"),
        (MASK / 2, "the mask holds float64 values; it must hold bool, or whole numbers with 0 for outside"),
        (np.array("tissue"), "the mask holds <U6 values"),
    ],
)
def test_what_is_no_mask_of_the_image_is_refused(mask, message):
    with pytest.raises(InputError, match=message):
        checked_mask(mask, (20, 30))


def test_a_box_of_an_array_is_read_and_a_function_is_kept():
    mask = checked_mask(da.from_array(MASK, chunks=7), MASK.shape)
    assert np.array_equal(read_mask(mask, Box((3, 5), (11, 29))), MASK[3:11, 5:29])
    assert read_mask(bright, Box((3, 5), (11, 29))) is bright
    assert read_mask(None, Box((3, 5), (11, 29))) is None


def test_a_function_says_which_pixels_are_inside():
    pixels = np.random.default_rng(1).random((2, 4, 5, 6))
    assert np.array_equal(inside(bright, pixels), pixels[0] > 0.5)
    assert inside(lambda pixels: (pixels[0] > 0.5).astype(np.uint8) * 7, pixels).dtype == bool
    assert inside(None, pixels) is None
    assert inside(MASK, pixels) is MASK


@pytest.mark.parametrize("function", [lambda pixels: pixels > 0.5, lambda pixels: pixels[0], lambda _: True])
def test_a_function_that_does_not_say_it_of_each_pixel_is_refused(function):
    with pytest.raises(InputError, match=r"the mask function returned .* it must return bool of shape \(5, 6\)"):
        inside(function, np.zeros((2, 5, 6)))
