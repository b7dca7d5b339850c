import numpy as np
import pytest
from segmented import graph_of, grid_of, labels_of, segment, small_recipe
from skimage.measure import regionprops_table

from terrazzo.regions.statistics.features import POSITION, SHAPE, statistic_named
from terrazzo.regions.statistics.statistic import Regions

EXTENTS = {"plane": ((60, 70), (6, 6)), "volume": ((14, 22, 26), (4, 6, 6))}


def graph_and_labels(kind, cells_per_block):
    """Return the graph of a noisy image with blocks of some cells along each axis, and its labels."""
    extent, size = EXTENTS[kind]
    recipe = small_recipe(size=size, features=(SHAPE, POSITION))
    grid = grid_of(extent, size, (cells_per_block,) * len(size))
    image = np.random.default_rng(0).random((1, *extent), np.float32)
    segmented = segment(image, grid, recipe)
    return graph_of(segmented, recipe), labels_of(segmented, grid)


@pytest.mark.parametrize("kind", EXTENTS)
def test_shape_and_position_are_the_same_bits_in_small_blocks_and_in_one(kind):
    assert graph_and_labels(kind, 2)[0].equals(graph_and_labels(kind, 20)[0])


@pytest.mark.parametrize("kind", EXTENTS)
def test_shapes_are_those_of_the_whole_image(kind):
    graph, labels = graph_and_labels(kind, 3)
    expected = regionprops_table(labels.astype(np.int64), properties=("label", "extent"))
    assert np.array_equal(expected["label"], graph.ids)
    assert np.allclose(graph.node_features[:, SHAPE.columns.index("extent")], expected["extent"])


@pytest.mark.parametrize("kind", EXTENTS)
def test_positions_are_the_centroids_in_the_whole_image(kind):
    graph, _ = graph_and_labels(kind, 3)
    axes = graph.positions.shape[1]
    assert np.allclose(graph.node_features[:, -axes:], graph.positions)


def test_an_image_lies_in_the_section_0():
    graph, _ = graph_and_labels("plane", 3)
    assert not graph.node_features[:, len(SHAPE.columns)].any()


def test_positions_far_out_keep_the_bits_of_whole_numbers():
    index = np.zeros((2, 3), np.int32)
    far = Regions(np.zeros((2, 3), np.float32), index, np.array([6]), (10**6, 2 * 10**6))
    assert POSITION.measure(far).tolist() == [[0, 10**6 + 0.5, 2 * 10**6 + 1]]


@pytest.mark.parametrize("statistic", [SHAPE, POSITION], ids=lambda s: s.name)
def test_a_model_file_can_name_them(statistic):
    assert statistic_named(statistic.name) is statistic
