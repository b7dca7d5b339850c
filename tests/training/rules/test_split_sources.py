import math

import numpy as np
import pytest

from terrazzo.errors import ParameterError
from terrazzo.training.rules.split_sources import MOST_PIXELS, split_grid, split_sources

EXTENT = (1200, 1400)


def split(truth):
    (source,) = split_sources([np.zeros((1, *EXTENT), np.uint8)], [truth[None]], 2)
    return source


def strokes(*places):
    """Two strokes of 8 pixels at each place, of both classes."""
    truth = np.full(EXTENT, 255, np.uint8)
    for y, x in places:
        truth[y : y + 4, x : x + 8] = 0
        truth[y + 4 : y + 8, x : x + 8] = 1
    return truth


def test_of_strokes_that_lie_close_together_smaller_blocks_are_held_out(caplog):
    truth = strokes((360, 360), (360, 430), (430, 360), (430, 430))
    source = split(truth)
    assert "lies close together: blocks of " in caplog.text
    sides = [sum((counts for _, counts in source.tiles_of(side)), np.zeros(2, int)) for side in (False, True)]
    assert all(counts.all() for counts in sides)
    # nothing of a stroke is on both sides
    assert sum(counts.sum() for counts in sides) <= (truth != 255).sum()


def test_of_strokes_far_apart_blocks_of_the_usual_size_are(caplog):
    split(strokes((100, 100), (100, 1100), (700, 100), (1000, 1200)))
    assert not caplog.text


@pytest.mark.parametrize(
    ("extent", "side"),
    [((2**20, 2**20), 2048), ((16, 2**15, 2**15), 2048), ((2**14,) * 3, 256), ((64, 2**15, 2**15), 1024)],
)
def test_a_block_that_is_read_whole_is_no_larger_for_a_larger_image(extent, side):
    core = split_grid(extent)[(0,) * len(extent)].core
    assert core.shape[-1] == side
    assert math.prod(core.shape) <= MOST_PIXELS


def test_a_single_place_is_refused():
    with pytest.raises(ParameterError, match=r"nothing in 1 image.* can be held out"):
        split(strokes((360, 360)))
