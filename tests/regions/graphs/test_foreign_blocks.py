import re

import numpy as np
import pytest

from terrazzo.errors import ParameterError
from terrazzo.regions.graphs.foreign_graph import foreign_graph_window, foreign_grid, foreign_window, largest_extent
from terrazzo.regions.statistics.features import AREA, Statistic


def test_an_extent_is_one_number_or_one_per_axis():
    assert largest_extent(5, 2) == (5, 5)
    assert largest_extent([np.int64(2), 5, 6], 3) == (2, 5, 6)


@pytest.mark.parametrize("wrong", [0, -3, 2.5, True, (4,), (4, 4, 4), "9"])
def test_an_extent_that_is_none_is_refused(wrong):
    with pytest.raises(ParameterError, match=re.escape(f"max_extent is {wrong!r}; it must be the largest side")):
        largest_extent(wrong, 2)


def test_blocks_are_wide_beside_the_largest_region():
    assert foreign_grid((5000, 5000), (10, 10)).lattice.size == (1024, 1024)
    assert foreign_grid((5000, 5000), (10, 300)).lattice.size == (1024, 1200)
    assert foreign_grid((20_000, 20_000), (10, 10)).lattice.size == (2048, 2048)
    assert foreign_grid((64, 500, 500), (10, 30, 90)).lattice.size == (256, 256, 360)


def test_blocks_are_as_wide_as_is_asked_for():
    grid = foreign_grid((50, 70), (40, 40), 20)
    assert grid.chunks() == ((20, 20, 10), (20, 20, 20, 10))
    with pytest.raises(ParameterError, match="block is 0"):
        foreign_grid((50, 70), (40, 40), 0)


def test_a_block_looks_as_far_around_as_the_largest_region():
    block = foreign_grid((50, 70), (8, 9), 20)[1, 1]
    assert foreign_window(block, (8, 9)).slices == (slice(12, 48), slice(11, 49))


def test_the_image_is_seen_as_far_around_as_the_features_look_and_from_where_they_start():
    block = foreign_grid((50, 70), (8, 9), 20)[1, 1]
    assert foreign_graph_window(block, (8, 9), (AREA,)) == foreign_window(block, (8, 9))
    far = Statistic("far", ("far",), lambda regions: regions.area[:, None], radius=3, alignment=8)
    assert foreign_graph_window(block, (8, 9), (AREA, far)).slices == (slice(8, 50), slice(8, 51))
