import re
from collections import Counter

import numpy as np
import pytest
from scipy import ndimage
from segmented import blobs, graph_of, grid_of, labels_of, segment, small_recipe

from terrazzo.errors import InputError
from terrazzo.regions.block_graph import block_graph, block_targets, edge_columns, graph_window
from terrazzo.regions.block_labels import BlockLabels
from terrazzo.regions.features import AREA, INTENSITY, Statistic

SHAPE, SIZE = (60, 70), (6, 6)


def pieces(channels=1, block_cells=(4, 4), size=SIZE, shape=SHAPE, features=None):
    image, grid = blobs(shape, channels), grid_of(shape, size, block_cells)
    recipe = small_recipe(channels, size, *([features] if features else []))
    return image, grid, recipe, segment(image, grid, recipe)


def own_graph(image, labels, grid, features, index=(0, 0)):
    """Return the graph of one block of an image whose label image is given."""
    block = grid[index]
    window, box = graph_window(block, features), block.pixels(1)
    around = BlockLabels(box, labels[box.slices], 0)
    return block_graph(image[(slice(None), *window.slices)], window, around, block, features)


def faces_between(labels):
    """Return the pixel faces between each pair of regions (low, high), region 0 apart."""
    pairs = np.concatenate(
        [
            np.stack([labels[:, :-1].ravel(), labels[:, 1:].ravel()]),
            np.stack([labels[:-1].ravel(), labels[1:].ravel()]),
        ],
        axis=1,
    )
    low, high = pairs.min(axis=0), pairs.max(axis=0)
    return Counter(zip(low[(low > 0) & (low < high)].tolist(), high[(low > 0) & (low < high)].tolist(), strict=True))


@pytest.mark.parametrize(
    ("size", "block_cells", "shape"),
    [((6, 6), (4, 4), SHAPE), ((2, 3), (5, 4), (23, 31)), ((9, 5), (1, 2), SHAPE), ((64, 64), (1, 1), (40, 150))],
)
def test_each_region_is_owned_once_by_the_block_of_its_seed(size, block_cells, shape):
    _, grid, _, found = pieces(size=size, block_cells=block_cells, shape=shape)
    owned = np.concatenate([graph.ids for _, graph in found.values()])
    assert np.array_equal(np.sort(owned), np.unique(labels_of(found, grid)))
    for block in grid:
        for region in found[block.index][1].ids:
            cell = grid.lattice.cell_of(int(region))
            assert all(a <= i < b for a, i, b in zip(block.cells.start, cell, block.cells.stop, strict=True))


@pytest.mark.parametrize("block_cells", [(1, 1), (4, 4), (3, 20)])
def test_a_block_sees_all_of_the_regions_that_it_owns(block_cells):
    image, grid, recipe, found = pieces(block_cells=block_cells)
    labels, graph = labels_of(found, grid), graph_of(found, recipe)
    assert graph.areas.tolist() == np.bincount(labels.ravel())[graph.ids].tolist()
    centroids = ndimage.center_of_mass(np.ones(labels.shape), labels, graph.ids)
    assert np.allclose(graph.positions, centroids)
    means = ndimage.mean(image[0].astype(float), labels, graph.ids)
    assert np.allclose(graph.node_features[:, graph.node_columns.index("mean_0")], means, atol=1e-5)


@pytest.mark.parametrize("block_cells", [(1, 1), (4, 4), (3, 20)])
def test_every_boundary_is_listed_once_with_its_whole_length(block_cells):
    _, grid, recipe, found = pieces(block_cells=block_cells)
    expected = faces_between(labels_of(found, grid))
    edges = np.concatenate([graph.edges for _, graph in found.values()], axis=1).T.tolist()
    assert sorted(map(tuple, edges)) == sorted(expected)
    graph = graph_of(found, recipe)
    pairs = map(tuple, graph.ids[graph.edge_index].T.tolist())
    assert dict(zip(pairs, graph.edge_features[:, 0], strict=True)) == expected


def test_an_edge_belongs_to_the_owner_of_its_lower_region():
    _, _, _, found = pieces()
    for _, graph in found.values():
        assert set(graph.edges[0].tolist()) <= set(graph.ids.tolist())


def test_contrast_is_the_mean_change_across_a_boundary_per_channel():
    labels = np.repeat([[1] * 4 + [2] * 4], 4, axis=0).astype(np.uint32)
    image = np.stack([np.where(labels == 1, 0, 7), np.where(labels == 1, 5, 2)]).astype(np.float32)
    graph = own_graph(image, labels, grid_of((4, 8), (4, 4)), (AREA,))
    assert edge_columns(2) == ("boundary_length", "contrast_0", "contrast_1")
    assert graph.edges.tolist() == [[1], [2]]
    assert graph.edge_features.tolist() == [[4, 7, 3]]


def test_dtypes_are_those_of_the_tables():
    _, _, recipe, found = pieces(channels=2)
    graph = found[0, 0][1]
    assert graph.ids.dtype == graph.edges.dtype == np.uint32
    assert graph.areas.dtype == np.uint32
    assert graph.positions.dtype == np.float64
    assert graph.node_features.shape == (graph.ids.size, len(recipe.node_columns))
    assert graph.node_features.dtype == graph.edge_features.dtype == np.float32


def local_range(regions):
    """A user's statistic that looks 5 pixels around a region."""
    spread = ndimage.maximum_filter(regions.image, 11) - ndimage.minimum_filter(regions.image, 11)
    return ndimage.mean(spread, regions.index, range(regions.area.size)).astype(np.float32)[:, None]


LOCAL_RANGE = Statistic("local_range", ("range",), local_range, radius=5)


def test_a_statistic_of_ones_own_gets_its_margin_in_every_block():
    image, grid, recipe, found = pieces(features=(LOCAL_RANGE,))
    graph = graph_of(found, recipe)
    assert graph.node_columns == ("range_0",)
    spread = ndimage.maximum_filter(image[0], 11) - ndimage.minimum_filter(image[0], 11)
    expected = ndimage.mean(spread, labels_of(found, grid), graph.ids)
    assert np.allclose(graph.node_features[:, 0], expected, atol=1e-5)


def test_a_margin_that_is_declared_too_small_shows():
    wrong = Statistic("local_range", ("range",), local_range, radius=0)
    (_, _, recipe, found), right = pieces(features=(wrong,)), pieces(features=(LOCAL_RANGE,))
    assert not np.allclose(graph_of(found, recipe).node_features, graph_of(right[3], right[2]).node_features)


def test_a_statistics_image_starts_at_its_alignment():
    seen = []

    def record(regions):
        seen.append(regions.image[0, 0])
        return np.zeros((regions.area.size, 1), np.float32)

    image = np.arange(60, dtype=np.float32)[:, None].repeat(70, axis=1)[None]
    aligned = Statistic("first_row", ("zero",), record, radius=3, alignment=16)
    segment(image, grid_of(SHAPE), small_recipe(features=(aligned,)))
    assert set(seen) == {0, 16, 32}


def test_a_statistic_that_is_not_per_channel_sees_all_channels():
    def span(regions):
        assert regions.image.ndim == 3
        differences = regions.image[0] - regions.image[1]
        return ndimage.mean(differences, regions.index, range(regions.area.size))[:, None]

    span = Statistic("span", ("span",), span, per_channel=False)
    _, _, recipe, found = pieces(channels=2, features=(span, INTENSITY))
    graph = graph_of(found, recipe)
    assert graph.node_columns == ("span", "mean_0", "std_0", "mean_1", "std_1")
    assert np.allclose(graph.node_features[:, 0], graph.node_features[:, 1] - graph.node_features[:, 3], atol=1e-5)


def test_masked_pixels_belong_to_no_region():
    _, grid, _, found = pieces()
    labels = labels_of(found, grid)
    labels[:12, :12] = 0
    graph = own_graph(blobs(SHAPE), labels, grid, (AREA,))
    assert 1 not in graph.ids
    assert graph.areas.tolist() == np.bincount(labels.ravel())[graph.ids].tolist()


@pytest.mark.parametrize("label", [0xFFFFFFFF, 5])
def test_a_label_that_the_lattice_does_not_allow_there_is_named(label):
    _, grid, _, found = pieces()
    labels = labels_of(found, grid)
    labels[2, 3] = label
    message = f"label {label} at pixel (y, x) = (2, 3) is no superpixel of a lattice of size (6, 6)"
    with pytest.raises(InputError, match=re.escape(message)):
        own_graph(blobs(SHAPE), labels, grid, (AREA,))


def test_labels_of_another_lattice_are_refused():
    _, other, _, found = pieces(size=(7, 7))
    with pytest.raises(InputError, match="pass the lattice that the labels were made with"):
        own_graph(blobs(SHAPE), labels_of(found, other), grid_of(SHAPE), (AREA,))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_pixel_that_is_not_finite_is_named_in_coordinates_of_the_whole_image(value):
    image, grid, _, found = pieces(channels=2)
    labels = labels_of(found, grid)
    image[1, 40, 50] = value
    message = f"the image is {value} in channel 1 at pixel (y, x) = (40, 50)"
    with pytest.raises(InputError, match=re.escape(message)):
        own_graph(image, labels, grid, (AREA,), index=(1, 2))


def test_targets_count_the_annotated_pixels_under_each_owned_region():
    _, grid, _, found = pieces()
    labels = labels_of(found, grid)
    annotation = np.random.default_rng(0).choice(np.array([0, 1, 2, 255], np.uint8), SHAPE)
    for block in grid:
        near, graph = found[block.index]
        counts = block_targets(annotation[near.box.slices], near, block, 3)
        expected = [[np.sum((labels == i) & (annotation == c)) for c in range(3)] for i in graph.ids]
        assert counts.tolist() == expected
