from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrazzo.io.levels.coarse import coarse
from terrazzo.viewing.kept_windows import KeptWindows
from terrazzo.viewing.shown_level import ShownLevel, read_side, served_side, shown_type, with_coarser


def level_of(values, chunk, axes=2):
    return ShownLevel(values.shape, values.dtype, (1.0,) * axes, chunk, values.__getitem__)


@given(st.tuples(st.integers(1, 40), st.integers(1, 40)), st.tuples(st.integers(1, 9), st.integers(1, 9)), st.data())
def test_coarser_levels_are_means_of_the_whole_whatever_is_read_first(extent, chunk, data):
    values = np.random.default_rng(0).integers(0, 255, (2, *extent), np.uint8)
    levels = with_coarser(level_of(values, (2, *chunk)), KeptWindows(data.draw(st.integers(0, 2000))))
    expected = [values]
    while len(expected) < len(levels):
        expected.append(coarse(expected[-1], (1, 2, 2), "mean"))
    assert all(a <= b for a, b in zip(levels[-1].extent, chunk, strict=True))
    for number in data.draw(st.permutations(range(len(levels)))):
        ends = [sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n)))) for n in levels[number].extent]
        window = (slice(0, 2), *(slice(a, b) for a, b in ends))
        assert np.array_equal(levels[number].read(window), expected[number][window])
        assert levels[number].shape == expected[number].shape
        assert levels[number].steps == (2.0**number,) * 2


def test_sections_are_halved_while_they_are_more_than_a_chunk():
    values = np.zeros((9, 40, 40), np.float32)
    levels = with_coarser(level_of(values, (8, 8, 8), axes=3), KeptWindows())
    assert [level.shape for level in levels] == [(9, 40, 40), (5, 20, 20), (5, 10, 10), (5, 5, 5)]
    assert [level.steps for level in levels[:3]] == [(1, 1, 1), (2, 2, 2), (2, 4, 4)]


def test_no_chunk_is_made_of_so_many_pixels_that_one_would_wait():
    def read(window):
        raise AssertionError(window)

    huge = ShownLevel((10**6, 10**6), np.dtype(np.uint8), (1.0, 1.0), (512, 512), read)
    levels = with_coarser(huge, KeptWindows())
    assert levels[-1].steps == (32, 32)


@pytest.mark.parametrize(
    ("shape", "unit", "side", "served"),
    [
        ((3, 5000, 5000), (3, 1, 1), (3, 512, 512), (3, 512, 512)),
        ((3, 5000, 5000), (3, 240, 240), (3, 480, 480), (3, 480, 480)),
        ((1, 5000, 5000), (1, 2048, 2048), (1, 2048, 2048), (1, 512, 512)),
        ((1, 5000, 60000), (1, 8, 60000), (1, 256, 60000), (1, 256, 512)),
        ((1, 100, 90), (1, 1, 1), (1, 100, 90), (1, 100, 90)),
        ((1, 500, 2048, 2048), (1, 1, 2048, 2048), (1, 4, 2048, 2048), (1, 4, 64, 64)),
        ((1, 500, 2048, 2048), (1, 1, 64, 64), (1, 64, 64, 64), (1, 64, 64, 64)),
    ],
)
def test_whole_stored_pieces_are_read_and_parts_of_large_ones_served(shape, unit, side, served):
    axes = len(shape) - 1
    assert read_side(shape, unit, axes, 1) == side
    assert served_side(side, axes) == served


def test_types_that_neuroglancer_lacks_are_shown_as_others():
    kinds = {"?": "u1", "<i8": "f4", "<f8": "f4", ">u2": "u2", "<f2": "f4", "i1": "i1"}
    assert {one: shown_type(np.dtype(one)) for one in kinds} == {a: np.dtype(b) for a, b in kinds.items()}


def test_a_blank_level_reads_nothing():
    level = ShownLevel((9, 9), np.dtype(np.uint8), (1.0, 1.0), (9, 9), partial(pytest.fail)).blank()
    assert not level.read((slice(2, 5), slice(0, 9))).any()
