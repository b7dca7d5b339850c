import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import chunkings

from terrazzo.blockwise.scale import WINDOW_SIDE, estimated_scale


def scale_of(image, chunks=-1):
    return estimated_scale(da.from_array(image, chunks=chunks)).compute()


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
    seen = []

    def spy(chunk, block_info=None):
        seen.append(block_info[0]["chunk-location"])
        return chunk

    image = (
        da.random.default_rng(0).normal(0, 3, (1, 8192, 8192), chunks=(1, 256, 256)).map_blocks(spy, meta=np.empty(0))
    )
    assert estimated_scale(image).compute() == pytest.approx(3, rel=0.01)
    assert len(set(seen)) <= 16 * 4


def test_a_constant_image_has_the_scale_1():
    assert scale_of(np.full((2, 40, 40), 7.5)) == 1.0


def test_whole_numbers_do_not_overflow():
    image = np.random.default_rng(0).integers(0, 2**16, (1, 200, 200)).astype(np.uint16)
    assert scale_of(image) == pytest.approx(image.std(), rel=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_pixels_that_are_not_finite_are_left_out(value):
    image = np.random.default_rng(0).random((1, 20, 20))
    image[0, 0] = value
    assert scale_of(image) == pytest.approx(image[:, 1:].std())


def test_nothing_is_computed_before_it_is_asked_for(nothing_computes):  # noqa: ARG001
    estimated_scale(da.zeros((1, 10 * WINDOW_SIDE, 10 * WINDOW_SIDE)))


@pytest.mark.parametrize("value", [0.3, 1 / 3, 1e6 / 7])
def test_rounding_is_not_taken_for_a_spread(value):
    assert scale_of(np.full((1, 700, 700), value)) == 1.0


def test_a_small_spread_on_a_large_offset_is_found():
    image = 1e6 + np.random.default_rng(1).normal(0, 1, (1, 600, 600))
    assert scale_of(image) == pytest.approx(image.std(), rel=1e-2)
