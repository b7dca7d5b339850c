from itertools import pairwise
from zlib import crc32

import dask
import numpy as np
import pytest
from dask.callbacks import Callback
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter

from terrazzo.errors import ParameterError
from terrazzo.synthetic import CLASS_NAMES, colony_block, colony_image

ALL_CLASSES = (700, 1120)
SIDE = 150
WINDOW = 2048


def cuts(side):
    """Return a strategy of the ways to cut `side` pixels into chunks."""
    return st.one_of(
        st.sampled_from([(side,), (1,) * 3 + (side - 4,) + (1,), (37, 41, side - 78)]),
        st.sets(st.integers(1, side - 1), max_size=4).map(
            lambda inner: tuple(stop - start for start, stop in pairwise([0, *sorted(inner), side]))
        ),
    )


def drawn_in_pieces(origin, rows, columns, seed):
    """Return image and truth of a window put together from windows of the given heights and widths."""
    tops, lefts = np.cumsum([0, *rows[:-1]]), np.cumsum([0, *columns[:-1]])
    pieces = [
        [
            np.stack(colony_block((origin[0] + int(top), origin[1] + int(left)), (height, width), seed))
            for left, width in zip(lefts, columns, strict=True)
        ]
        for top, height in zip(tops, rows, strict=True)
    ]
    return np.block(pieces)


def share_of_best_guesses(values, truth):
    """Return how many pixels are right when each value is given the class that it most often has."""
    counts = np.stack([np.bincount(values[truth == label], minlength=256) for label in range(3)])
    return counts.max(axis=0).sum() / counts.sum()


@given(rows=cuts(SIDE), columns=cuts(SIDE))
@settings(max_examples=25, deadline=None)
def test_the_image_does_not_depend_on_its_chunks(rows, columns):
    image, truth = colony_image((SIDE, SIDE), chunks=(rows, columns), seed=4)
    expected_image, expected_truth = colony_block((0, 0), (SIDE, SIDE), 4)
    assert image.chunks == truth.chunks == (rows, columns)
    np.testing.assert_array_equal(image.compute(scheduler="sync"), expected_image)
    np.testing.assert_array_equal(truth.compute(scheduler="sync"), expected_truth)


@pytest.mark.parametrize("origin", [ALL_CLASSES, (-77, -5), (3, 10**7 - 40), (10**10, 10**7)])
@given(rows=cuts(SIDE), columns=cuts(SIDE), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=12, deadline=None)
def test_windows_of_the_endless_scene_fit_together_anywhere(origin, rows, columns, seed):
    whole = np.stack(colony_block(origin, (SIDE, SIDE), seed))
    np.testing.assert_array_equal(drawn_in_pieces(origin, rows, columns, seed), whole)


def test_windows_fit_together_where_all_three_classes_meet():
    image, truth = colony_block(ALL_CLASSES, (400, 400), 0)
    assert set(np.unique(truth)) == {0, 1, 2}
    pieces = drawn_in_pieces(ALL_CLASSES, (1, 13, 89, 211, 86), (127, 1, 1, 271), 0)
    np.testing.assert_array_equal(pieces, np.stack([image, truth]))


def test_every_single_pixel_can_be_drawn_alone():
    image, truth = colony_block((900, 1300), (9, 9), 0)
    pieces = drawn_in_pieces((900, 1300), (1,) * 9, (1,) * 9, 0)
    np.testing.assert_array_equal(pieces, np.stack([image, truth]))


def test_the_scene_is_the_same_on_every_machine():
    image, truth = colony_block(ALL_CLASSES, (400, 400), 0)
    assert (crc32(image.tobytes()), crc32(truth.tobytes())) == (2194608197, 3980952607)


def test_another_seed_is_another_scene():
    first, second = colony_block((0, 0), (256, 256), 1), colony_block((0, 0), (256, 256), 2)
    assert np.mean(first[0] == second[0]) < 0.1


def test_image_and_truth_of_a_chunk_are_drawn_once():
    image, truth = colony_image((64, 96), chunks=32)
    drawn = []
    with Callback(posttask=lambda key, result, *_: drawn.append(key) if np.ndim(result) == 3 else None):
        dask.compute(image.astype(float).mean(), (truth == 1).sum(), scheduler="sync")
    assert len(drawn) == len(set(drawn)) == image.npartitions


def test_an_image_larger_than_memory_costs_nothing_until_a_window_is_computed():
    image, truth = colony_image((10**6, 10**6), chunks=20_000, seed=3)
    window = np.s_[999_900:999_910, 20_500:20_507]
    assert image.nbytes == truth.nbytes == 10**12
    assert truth[window].shape == (10, 7)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("origin", [(0, 0), (513, 10**7)])
def test_every_wide_window_has_its_share_of_each_class(seed, origin):
    _, truth = colony_block(origin, (WINDOW, WINDOW), seed)
    shares = np.bincount(truth.ravel(), minlength=len(CLASS_NAMES)) / truth.size
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.2], atol=0.12)


def test_texture_tells_the_classes_apart_and_intensity_does_not():
    image, truth = colony_block((0, 0), (WINDOW, WINDOW), 5)
    local_mean = uniform_filter(image.astype(np.float32), 15)
    roughness = uniform_filter(np.abs(image - local_mean), 25)
    by_intensity = share_of_best_guesses(image, truth)
    by_texture = share_of_best_guesses(np.clip(roughness * 8, 0, 255).astype(np.uint8), truth)
    assert 0.5 < by_intensity < 0.72
    assert 0.8 < by_texture < 0.99


def test_grey_levels_fill_the_range_without_clipping():
    image, _ = colony_block((0, 0), (1024, 1024), 6)
    assert image.dtype == np.uint8
    assert np.mean((image == 0) | (image == 255)) < 1e-3
    assert np.ptp(image) > 150


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shape": (0, 5)}, r"shape is \(0, 5\); both sides must be from 1 to 2\*\*40 pixels"),
        ({"shape": (5, -1)}, r"shape is \(5, -1\)"),
        ({"shape": (5,)}, r"shape is \(5,\); give two integers"),
        ({"shape": (3, 5, 5)}, "give two integers, for y and for x"),
        ({"shape": 512}, "shape is 512; give two integers"),
        ({"shape": (5.5, 5)}, "give two integers"),
        ({"shape": (5, 5), "seed": -1}, r"seed is -1; give an integer from 0 to 2\*\*64 - 1"),
        ({"shape": (5, 5), "seed": 2**64}, "give an integer from 0"),
        ({"shape": (5, 5), "seed": 1.5}, "seed is 1.5"),
        ({"shape": (5, 5), "chunks": (2, 2, 2)}, r"chunks is \(2, 2, 2\)"),
        ({"shape": (5, 5), "chunks": ((2, 2), (5,))}, "does not cut an image of 5 x 5 pixels"),
        ({"shape": (5, 5), "chunks": 0}, "chunks is 0"),
        ({"shape": (5, 5), "chunks": ((0, 5), (5,))}, "at least one pixel"),
    ],
)
def test_an_image_that_cannot_be_is_refused_in_one_sentence(arguments, message):
    with pytest.raises(ParameterError, match=message) as refusal:
        colony_image(**arguments)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("origin", [(0,), (0, 2**41), (0.5, 0)])
def test_an_origin_out_of_reach_is_refused(origin):
    with pytest.raises(ParameterError, match="origin is"):
        colony_block(origin, (4, 4))
