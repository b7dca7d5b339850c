import numpy as np
import pytest
from segmented import graph_of, grid_of, segment, small_recipe

from terrazzo.regions.statistics.features import TEXTURE, statistic_named
from terrazzo.regions.statistics.statistic import Regions


def graph(extent, size, cells_per_block):
    """Return the graph of noise with two channels in blocks of some cells along each axis."""
    recipe = small_recipe(channels=2, size=size, features=(TEXTURE,))
    image = np.random.default_rng(0).random((2, *extent), np.float32)
    return graph_of(segment(image, grid_of(extent, size, (cells_per_block,) * len(size)), recipe), recipe)


@pytest.mark.parametrize(("extent", "size"), [((60, 70), (6, 6)), ((6, 24, 30), (3, 6, 6))])
def test_texture_is_the_same_bits_in_small_blocks_and_in_one(extent, size):
    assert graph(extent, size, 2).equals(graph(extent, size, 20))


def test_a_section_of_a_volume_is_measured_like_an_image():
    image = np.random.default_rng(0).random((3, 12, 14), np.float32)
    index = np.full(image.shape, -1, np.int32)
    index[1] = np.arange(12)[:, None] // 4
    area = np.array([56, 56, 56])
    volume = Regions(image, index, area, (0, 0, 0))
    section = Regions(image[1], index[1], area, (0, 0))
    assert np.array_equal(TEXTURE.measure(volume), TEXTURE.measure(section))


def test_the_shares_of_the_patterns_sum_to_one():
    columns = [name.startswith("pattern") for name in TEXTURE.columns]
    image = np.random.default_rng(0).random((20, 20), np.float32)
    regions = Regions(image, np.zeros((20, 20), np.int32), np.array([400]), (0, 0))
    assert TEXTURE.measure(regions)[:, columns].sum(axis=1) == pytest.approx([1])


def test_a_model_file_can_name_it():
    assert statistic_named("texture") is TEXTURE
