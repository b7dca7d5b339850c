import re
from collections import Counter

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from lattice_labels import random_labels
from scipy import ndimage
from segmented import FEATURES, blobs, graph_of, grid_of, labels_of, segment, small_recipe

from terrazzo.blocks import BlockGrid
from terrazzo.errors import InputError
from terrazzo.regions.graphs.block_graph import block_graph, block_targets, edge_columns, graph_window
from terrazzo.regions.graphs.merge import merge
from terrazzo.regions.statistics.features import AREA, DECILES, INTENSITY, Statistic, column_names
from terrazzo.regions.superpixels.block_labels import BlockLabels

SHAPE, SIZE = (60, 70), (6, 6)


def pieces(channels=1, block_cells=(4, 4), size=SIZE, shape=SHAPE, features=None):
    image, grid = blobs(shape, channels), grid_of(shape, size, block_cells)
    recipe = small_recipe(channels, size, *([features] if features else []))
    return image, grid, recipe, segment(image, grid, recipe)


def own_graph(image, labels, grid, features, index=None, mask=None):
    """Return the graph of one block, by default the first, of an image whose label image is given."""
    block = grid[index or (0,) * len(grid.shape)]
    window, box = graph_window(block, features), block.pixels(1)
    around = BlockLabels(box, labels[box.slices], 0)
    inside = None if mask is None else mask[window.slices]
    return block_graph(image[(slice(None), *window.slices)], window, around, block, features, inside)


def whole_graph(image, labels, grid, features, mask=None):
    """Return the merged graph of all blocks of an image whose label image is given."""
    parts = [own_graph(image, labels, grid, features, block.index, mask) for block in grid]
    return merge(parts, column_names(features, len(image)), edge_columns(len(image), labels.ndim))


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
    assert edge_columns(2, axes=2) == ("boundary_length", "contrast_0", "contrast_1")
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


def a_whole_volume(seed=0, empty=0.1, channels=1, shape=(11, 23, 19), size=(2, 4, 3)):
    """Return an image, its labels, which are as ragged as a lattice allows, and the grid of a few blocks."""
    grid = grid_of(shape, size, (2, 3, 4))
    return blobs(shape, channels, seed), random_labels(grid.lattice, seed, empty), grid


def test_in_a_volume_nodes_are_what_is_found_in_all_of_it():
    image, labels, grid = a_whole_volume(channels=2)
    graph = whole_graph(image, labels, grid, (AREA, INTENSITY))
    assert graph.ids.tolist() == np.unique(labels[labels > 0]).tolist()
    assert graph.areas.tolist() == np.bincount(labels.ravel())[graph.ids].tolist()
    assert np.allclose(graph.positions, ndimage.center_of_mass(np.ones(labels.shape), labels, graph.ids))
    means = ndimage.mean(image[1].astype(float), labels, graph.ids)
    assert np.allclose(graph.node_features[:, graph.node_columns.index("mean_1")], means, atol=1e-5)


def test_in_a_volume_edges_are_what_is_found_in_all_of_it():
    image, labels, grid = a_whole_volume(channels=2)
    graph = whole_graph(image, labels, grid, (AREA,))
    expected = reference.edges_of(labels, image)
    assert graph.edge_columns == ("boundary_area", "contrast_0", "contrast_1")
    assert list(map(tuple, graph.ids[graph.edge_index].T.tolist())) == list(expected)
    assert graph.edge_features[:, 0].tolist() == [faces for faces, _ in expected.values()]
    assert np.allclose(graph.edge_features[:, 1:], [contrast for _, contrast in expected.values()], atol=1e-6)


@settings(max_examples=20)
@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 20), st.integers(1, 20)),
    size=st.tuples(st.integers(2, 4), st.integers(2, 5), st.integers(2, 5)),
    block_cells=st.tuples(*[st.integers(1, 4)] * 3),
    empty=st.sampled_from([0, 0.3, 1]),
    seed=st.integers(0, 99),
)
def test_the_blocks_of_a_volume_never_change_its_graph(shape, size, block_cells, empty, seed):
    image, labels, grid = a_whole_volume(seed, empty, 1, shape, size)
    features = (*FEATURES, DECILES)
    in_one_block = whole_graph(image, labels, BlockGrid(grid.lattice, grid.lattice.cells), features)
    in_blocks = whole_graph(image, labels, BlockGrid(grid.lattice, block_cells), features)
    assert in_blocks.equals(in_one_block)


def test_a_volume_of_depth_one_has_the_graph_of_an_image():
    image, flat = blobs((31, 40), 2), grid_of((31, 40), (5, 4), (3, 4))
    labels, deep = random_labels(flat.lattice, 3, 0.1), grid_of((1, 31, 40), (1, 5, 4), (1, 3, 4))
    graph = whole_graph(image, labels, flat, FEATURES)
    volume = whole_graph(image[:, None], labels[None], deep, FEATURES)
    assert np.array_equal(volume.positions, np.insert(graph.positions, 0, 0, axis=1))
    for name in ("ids", "areas", "node_features", "edge_index", "edge_features"):
        assert np.array_equal(getattr(volume, name), getattr(graph, name))


@pytest.mark.parametrize(("shape", "size", "cells"), [(SHAPE, SIZE, (4, 4)), ((9, 12, 13), (2, 3, 3), (2, 2, 2))])
def test_a_block_that_owns_no_region_has_an_empty_graph_of_the_right_shape(shape, size, cells):
    grid, image = grid_of(shape, size, cells), blobs(shape, 2)
    features = (AREA, LOCAL_RANGE)
    empty = own_graph(image, np.zeros(shape, np.uint32), grid, features)
    full = own_graph(image, random_labels(grid.lattice), grid, features)
    for name, array in vars(full).items():
        nothing = getattr(empty, name)
        assert nothing.dtype == array.dtype
        assert nothing.shape == ((2, 0) if name == "edges" else (0, *array.shape[1:]))


def test_a_volumes_statistic_sees_nothing_around_it_along_z():
    seen = []

    def record(regions):
        seen.append((regions.image.shape, regions.origin))
        assert regions.image.shape == regions.index.shape
        return np.zeros((regions.area.size, 1), np.float32)

    image, labels, grid = a_whole_volume(shape=(20, 60, 60), size=(2, 4, 4))
    aligned = Statistic("record", ("zero",), record, radius=3, alignment=8)
    own_graph(image, labels, grid, (aligned,), (2, 2, 1))
    # one cell is half reached into on both sides, and one pixel more is there for the faces of edges
    assert seen == [((4 + 2 + 2, 41 - 16, 37 - 8), (6, 16, 8))]


def test_an_images_statistic_learns_where_it_starts():
    seen = []

    def record(regions):
        seen.append((regions.image.shape, regions.origin))
        return np.zeros((regions.area.size, 1), np.float32)

    record = Statistic("record", ("zero",), record, radius=4)
    image, grid = blobs(SHAPE), grid_of(SHAPE)
    own_graph(image, random_labels(grid.lattice), grid, (record,), (1, 0))
    assert seen == [((24 + 2 * 7, 24 + 7), (17, 0))]


@pytest.mark.parametrize(("shape", "size"), [(SHAPE, SIZE), ((9, 12, 13), (2, 3, 3))])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_outside_the_mask_pixels_that_are_not_finite_are_read_as_0(shape, size, value):
    grid = grid_of(shape, size, (3,) * len(shape))
    image, labels = blobs(shape).astype(np.float64), random_labels(grid.lattice)
    mask = np.random.default_rng(0).random(shape) < 0.9
    labels[~mask] = 0
    bad, zero = (np.where(mask | (labels > 0), image, fill) for fill in (value, 0))
    graph = whole_graph(bad, labels, grid, FEATURES, mask)
    assert graph.equals(whole_graph(zero, labels, grid, FEATURES))
    assert np.isfinite(graph.node_features).all()


def test_inside_the_mask_a_pixel_that_is_not_finite_is_an_error():
    image, labels, grid = a_whole_volume()
    image[0, 3, 4, 5] = np.nan
    mask = np.zeros(labels.shape, bool)
    mask[3, 4, 5] = True
    with pytest.raises(InputError, match=re.escape("channel 0 at pixel (z, y, x) = (3, 4, 5)")):
        own_graph(image, labels, grid, (AREA,), mask=mask)


def test_a_label_that_a_volumes_lattice_does_not_allow_there_is_named():
    image, labels, grid = a_whole_volume()
    labels[2, 5, 6] = grid.lattice.number_of_cells
    message = f"label {grid.lattice.number_of_cells} at pixel (z, y, x) = (2, 5, 6) is no superpixel of a lattice"
    with pytest.raises(InputError, match=re.escape(message)):
        own_graph(image, labels, grid, (AREA,))


def test_targets_of_a_volume_count_the_annotated_pixels_under_each_owned_region():
    _, labels, grid = a_whole_volume()
    annotation = np.random.default_rng(0).choice(np.array([0, 1, 255], np.uint8), labels.shape)
    for block in grid:
        box = block.pixels(1)
        around = BlockLabels(box, labels[box.slices], 0)
        counts = block_targets(annotation[box.slices], around, block, 2)
        ids = own_graph(blobs(labels.shape), labels, grid, (AREA,), block.index).ids
        assert counts.tolist() == [[np.sum((labels == i) & (annotation == c)) for c in range(2)] for i in ids]


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
