import pickle

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import chunkings

from terrazzo.blockwise.inputs.estimates import INTENSITIES, estimated, estimated_here, lazy_estimate
from terrazzo.models.passes.superpixels import scale_estimate
from terrazzo.regions.superpixels.compared_channels import compared_channels
from terrazzo.regions.superpixels.intensity_scale import WINDOW_SIDE, scale_moments, scale_of_moments, scale_windows
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

PLAIN = SuperpixelParameters()


def estimated_scale(image, parameters, mask=None):
    return lazy_estimate(scale_estimate(parameters), image, mask)


def scale_of(image, chunks=-1, parameters=PLAIN, mask=None):
    return estimated_scale(da.from_array(image, chunks=chunks), parameters, mask).compute()


def spied(image):
    """Return an image and the set of its chunks that are computed from now on."""
    seen = set()

    def spy(chunk, block_info=None):
        seen.add(block_info[0]["chunk-location"])
        return chunk

    watched = image.map_blocks(spy, meta=np.empty((0,) * image.ndim))
    seen.clear()
    return watched, seen


@given(st.integers(1, 3), st.tuples(st.integers(2, 60), st.integers(2, 60)), st.integers(0, 99))
def test_of_a_small_image_it_is_the_root_of_the_summed_channel_variances(channels, shape, seed):
    rng = np.random.default_rng(seed)
    image = rng.normal(100, rng.uniform(0.1, 50, (channels, 1, 1)), (channels, *shape))
    assert scale_of(image) == pytest.approx(np.sqrt(image.var(axis=(1, 2)).sum()), rel=1e-6)


@settings(max_examples=5)
@given(st.data())
def test_it_does_not_depend_on_chunks_to_the_last_bit(data):
    image = np.random.default_rng(0).random((2, 300, 420)).astype(np.float32)
    assert scale_of(image, data.draw(chunkings(image.shape))) == scale_of(image)


def test_of_a_large_image_it_reads_sixteen_windows_only():
    image, seen = spied(da.random.default_rng(0).normal(0, 3, (1, 8192, 8192), chunks=(1, 256, 256)))
    assert estimated_scale(image, PLAIN).compute() == pytest.approx(3, rel=0.01)
    assert 16 <= len(seen) <= 16 * 4


def test_of_a_large_volume_it_reads_sixty_four_windows_only():
    image, seen = spied(da.random.default_rng(0).normal(0, 3, (1, 512, 512, 512), chunks=(1, 64, 64, 64)))
    assert estimated_scale(image, PLAIN).compute() == pytest.approx(3, rel=0.01)
    assert 64 <= len(seen) <= 64 * 8


def test_a_volume_of_depth_1_has_the_scale_of_its_section():
    image = np.random.default_rng(0).random((2, 300, 420)).astype(np.float32)
    assert scale_of(image[:, None]) == scale_of(image)


@settings(max_examples=5)
@given(st.data())
def test_of_a_volume_it_does_not_depend_on_chunks_to_the_last_bit(data):
    image = np.random.default_rng(0).random((1, 45, 60, 50)).astype(np.float32)
    mask = np.random.default_rng(1).random(image.shape[1:]) > 0.4
    chunks, mask_chunks = data.draw(chunkings(image.shape)), data.draw(chunkings(mask.shape))
    found = scale_of(image, chunks, mask=da.from_array(mask, chunks=mask_chunks))
    assert found == scale_of(image, mask=da.from_array(mask, chunks=-1))


def test_a_mask_leaves_pixels_out():
    image = np.random.default_rng(0).random((2, 50, 60))
    image[:, 30:] *= 100
    mask = np.indices((50, 60))[0] < 30
    expected = np.sqrt(image[:, :30].var(axis=(1, 2)).sum())
    assert scale_of(image, mask=da.from_array(mask, chunks=17)) == pytest.approx(expected, rel=1e-9)
    assert scale_of(image, mask=lambda pixels: pixels[0] < 1) != scale_of(image)


def test_a_function_and_an_array_give_the_same_bits():
    image = np.random.default_rng(0).random((2, 50, 60))
    mask = image[0] > 0.3
    as_array = scale_of(image, mask=da.from_array(mask, chunks=17))
    assert scale_of(image, chunks=23, mask=lambda pixels: pixels[0] > 0.3) == as_array


def test_a_mask_that_leaves_nothing_gives_the_scale_1():
    assert scale_of(np.random.default_rng(0).random((1, 9, 9)), mask=da.zeros((9, 9), dtype=bool)) == 1.0


@pytest.mark.parametrize(
    "parameters", [{"colour": "lab"}, {"weights": (1, 0, 2)}, {"colour": "lab", "weights": (1, 2, 2)}]
)
def test_it_is_that_of_what_superpixels_compare(parameters):
    parameters = SuperpixelParameters(**parameters)
    image = np.random.default_rng(0).integers(0, 256, (3, 60, 70)).astype(np.uint8)
    compared = compared_channels(image, parameters).astype(np.float64)
    expected = np.sqrt(compared.var(axis=(1, 2)).sum())
    assert scale_of(image, parameters=parameters) == pytest.approx(expected, rel=1e-9)


def test_a_constant_image_has_the_scale_1():
    assert scale_of(np.full((2, 40, 40), 7.5)) == 1.0


@pytest.mark.parametrize("channels", [1, 3])
def test_a_border_without_anything_in_it_has_no_say(channels):
    place = np.indices((1500, 1500))
    inside = (place.max(axis=0) < 900) & (place.min(axis=0) > 200)  # 78 % are border
    image = np.random.default_rng(0).normal(200, 20, (channels, 1500, 1500))
    expected = image[:, inside].std() * np.sqrt(channels)
    image[:, ~inside] = 0
    assert scale_of(image) == pytest.approx(expected, rel=0.01)
    assert of_all_windows(image) > 3 * expected
    assert scale_of(image, chunks=333) == scale_of(image)
    mask = da.from_array(inside, chunks=401)
    assert scale_of(image, mask=mask) == pytest.approx(expected, rel=0.01)


def test_windows_with_the_noise_of_a_camera_alone_have_no_say():
    image = np.random.default_rng(0).normal(100, 1, (1, 1024, 1024))
    image[:, :256] = np.random.default_rng(1).normal(110, 30, (1, 256, 1024))
    assert scale_of(image) == pytest.approx(30, rel=0.01)
    assert of_all_windows(image) < 20


def of_all_windows(image):
    """The estimate from all windows alike, in one sum."""
    boxes = scale_windows(image.shape[1:])
    moments = [scale_moments(image[(slice(None), *box.slices)], None, PLAIN) for box in boxes]
    count, mean, squares = moments[0][:3]
    for more, other, spread in (one[:3] for one in moments[1:]):
        both = count + more
        squares = squares + spread + (other - mean) ** 2 * (count * more / both)
        mean, count = mean + (other - mean) * (more / both), both
    return float(np.sqrt(np.cumsum(squares / count)[-1]))


@given(st.integers(0, 99), st.sampled_from(((1, 700, 900), (2, 300, 260), (1, 12, 300, 280))))
@settings(max_examples=10)
def test_where_all_windows_hold_something_it_is_that_of_all_to_the_last_bit(seed, shape):
    rng = np.random.default_rng(seed)
    ramp = np.linspace(1, 5, shape[-1])  # five times the contrast on one side
    image = (100 + ramp * rng.normal(0, 10, shape)).astype(np.float32)
    assert scale_of(image) == of_all_windows(image)


def test_constant_windows_of_other_levels_are_a_spread_where_there_is_no_other():
    image = np.kron([[1.0, 5.0], [9.0, 2.0]], np.ones((256, 256)))[None]
    assert scale_of(image) == pytest.approx(image.std())


def test_a_single_glaring_window_leaves_the_others_their_say():
    image = np.random.default_rng(0).normal(500, 30, (1, 1024, 1024))
    image[0, 300:340, 300:340] = 65535
    assert scale_of(image) == of_all_windows(image)


def test_whole_numbers_do_not_overflow():
    image = np.random.default_rng(0).integers(0, 2**16, (1, 200, 200)).astype(np.uint16)
    assert scale_of(image) == pytest.approx(image.std(), rel=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pixels_that_are_not_finite_are_left_out(value):
    image = np.random.default_rng(0).random((1, 20, 20))
    image[0, 0] = value
    assert scale_of(image) == pytest.approx(image[:, 1:].std())


def test_nothing_is_computed_before_it_is_asked_for_and_it_may_be_pickled_till_then(nothing_computes):  # noqa: ARG001
    lazy = estimated_scale(da.zeros((1, 10 * WINDOW_SIDE, 10 * WINDOW_SIDE)), PLAIN)
    assert pickle.loads(pickle.dumps(lazy)).key == lazy.key


@pytest.mark.parametrize("value", [0.3, 1 / 3, 1e6 / 7])
def test_rounding_is_not_taken_for_a_spread(value):
    assert scale_of(np.full((1, 700, 700), value)) == 1.0


def test_a_small_spread_on_a_large_offset_is_found():
    image = 1e6 + np.random.default_rng(1).normal(0, 1, (1, 600, 600))
    assert scale_of(image) == pytest.approx(image.std(), rel=1e-2)


@settings(max_examples=5)
@given(st.sampled_from([(2, 300, 420), (1, 25, 60, 50)]), st.sampled_from(["none", "array", "function"]))
def test_computed_without_dask_it_is_the_same_to_the_bit(shape, kind):
    image = np.random.default_rng(0).random(shape).astype(np.float32)
    inside = np.random.default_rng(1).random(shape[1:]) > 0.4
    mask = {"none": None, "array": da.from_array(inside, chunks=17), "function": lambda pixels: pixels[0] > 0.3}[kind]
    wanted = {
        "scale": scale_estimate(PLAIN),
        "known": scale_estimate(SuperpixelParameters(scale=3)),
        INTENSITIES.name: INTENSITIES,
    }
    lazy, here = estimated(wanted, da.from_array(image), mask), estimated_here(wanted, image, mask)
    assert here["known"] == 3
    assert lazy["scale"] == here["scale"]
    assert np.array_equal(lazy[INTENSITIES.name].levels, here[INTENSITIES.name].levels)


def test_an_image_without_intensities_is_told_in_words_that_are_right_on_the_command_line_too(caplog):
    assert scale_of_moments([scale_moments(np.zeros((1, 8, 8)), None, SuperpixelParameters())]) == 1
    (said,) = caplog.messages
    assert said.endswith("are constant, so it is taken as 1; see whether the image is meant to be empty")
