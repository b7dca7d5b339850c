import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_images import cells_around, fits, label_images, needed_extent
from reference import edges_of
from skimage.measure import regionprops_table

from terrazzo.errors import InputError, ParameterError
from terrazzo.regions.graphs.block_graph import edge_columns
from terrazzo.regions.graphs.foreign_graph import (
    foreign_block_graph,
    foreign_graph_window,
    foreign_grid,
    foreign_window,
    largest_extent,
    merge_foreign,
)
from terrazzo.regions.statistics.features import AREA, INTENSITY, Statistic, column_names


def parts_of(image, labels, max_extent, side, features=(AREA,)):
    """Return what each block owns."""
    limit = largest_extent(max_extent, labels.ndim)
    parts = []
    for block in foreign_grid(labels.shape, limit, side):
        cut = image[(slice(None), *foreign_graph_window(block, limit, features).slices)]
        parts.append(foreign_block_graph(cut, labels[foreign_window(block, limit).slices], block, limit, features))
    return parts


def graph_of(image, labels, max_extent, side, features=(AREA,)):
    columns = column_names(features, len(image)), edge_columns(len(image), labels.ndim)
    return merge_foreign(parts_of(image, labels, max_extent, side, features), *columns)


def noise(shape, channels=1, seed=0):
    return np.random.default_rng(seed).standard_normal((channels, *shape)).astype(np.float32)


def verdict(image, labels, max_extent, side):
    try:
        graph_of(image, labels, max_extent, side)
    except InputError:
        return False
    return True


@settings(max_examples=300)
@given(data=st.data())
def test_any_blocks_refuse_what_does_not_fit_and_nothing_else(data):
    labels = data.draw(label_images())
    limits = st.tuples(*[st.integers(1, 16)] * labels.ndim) | st.integers(1, 40)
    max_extent, side = data.draw(limits), data.draw(st.integers(1, 20))
    assert verdict(noise(labels.shape), labels, max_extent, side) == fits(labels, max_extent)


@settings(max_examples=200)
@given(data=st.data())
def test_pieces_of_one_id_are_one_region_near_and_an_error_far(data):
    extent = data.draw(st.integers(20, 60))
    labels = np.zeros((data.draw(st.integers(1, 3)), extent), np.int32)
    for _ in range(data.draw(st.integers(1, 6))):
        labels[data.draw(st.integers(0, len(labels) - 1)), data.draw(st.integers(0, extent - 1))] = 7
    max_extent, side = (3, data.draw(st.integers(1, 20))), data.draw(st.integers(2, 20))
    assert verdict(noise(labels.shape), labels, max_extent, side) == fits(labels, max_extent)


@settings(max_examples=100)
@given(labels=label_images(), channels=st.integers(1, 2), side=st.integers(1, 20))
def test_blocks_of_any_size_give_the_graph_of_the_whole_bit_for_bit(labels, channels, side):
    image, features = noise(labels.shape, channels), (AREA, INTENSITY)
    whole = graph_of(image, labels, labels.shape, 10_000, features)
    assert graph_of(image, labels, needed_extent(labels), side, features).equals(whole)


@settings(max_examples=60)
@given(labels=label_images(), side=st.integers(1, 20))
def test_nodes_and_edges_are_those_of_the_whole_image(labels, side):
    image = noise(labels.shape, 2)
    graph = graph_of(image, labels, needed_extent(labels), side)
    present, area = np.unique(labels[labels != 0], return_counts=True)
    assert graph.ids.tolist() == present.tolist()
    assert graph.areas.tolist() == area.tolist()
    centroids = [np.argwhere(labels == label).sum(axis=0) / n for label, n in zip(present, area, strict=True)]
    assert np.array_equal(graph.positions, np.reshape(centroids, graph.positions.shape))
    expected = edges_of(labels, image)
    assert [tuple(pair) for pair in graph.ids[graph.edge_index].T.tolist()] == list(expected)
    assert graph.edge_features[:, 0].tolist() == [faces for faces, _ in expected.values()]
    contrast = np.array([change for _, change in expected.values()]).reshape(-1, 2)
    assert np.allclose(graph.edge_features[:, 1:], contrast, rtol=1e-6)


@pytest.mark.parametrize("shape", [(70, 90), (20, 24, 30)])
def test_measurements_are_those_of_scikit_image(shape):
    labels = cells_around(40, shape, background=0.2)
    image = noise(shape)
    graph = graph_of(image, labels, needed_extent(labels), 16, (AREA, INTENSITY))
    names = ("label", "area", "centroid", "intensity_mean", "intensity_std")
    expected = regionprops_table(labels, image[0].astype(float), properties=names)
    assert graph.ids.tolist() == expected["label"].tolist()
    assert graph.areas.tolist() == expected["area"].tolist()
    assert np.allclose(graph.positions, np.stack([expected[f"centroid-{a}"] for a in range(len(shape))], axis=1))
    assert np.allclose(graph.node_features[:, 1], expected["intensity_mean"], atol=1e-6)
    assert np.allclose(graph.node_features[:, 2], expected["intensity_std"], atol=1e-6)


def test_a_region_belongs_to_the_block_of_its_first_pixel():
    labels = np.zeros((20, 20), np.uint8)
    labels[9, 12] = labels[10:12, 6:9] = 3  # begins in the upper right block, lies in the lower left
    owners = [part.ids.tolist() for part in parts_of(noise(labels.shape), labels, 8, 10)]
    assert owners == [[], [3], [], []]


def test_an_edge_belongs_to_the_owner_of_its_lower_region():
    labels = np.ones((6, 20), np.uint8)
    labels[:, 10:] = 5
    labels[:, :4] = 9
    parts = parts_of(noise(labels.shape), labels, 10, 10)
    assert [part.edges.T.tolist() for part in parts] == [[[1, 5], [1, 9]], []]


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(np.uint8, np.uint32), (np.int32, np.uint32), (np.uint32, np.uint32), (np.int64, np.uint64)],
)
def test_ids_keep_their_values(dtype, expected):
    largest = np.iinfo(dtype).max
    labels = np.array([[largest, largest, 1]], dtype)
    graph = graph_of(noise((1, 3)), labels, 2, 10)
    assert graph.ids.dtype == expected
    assert graph.ids.tolist() == [1, largest]


def test_a_region_that_is_too_large_is_named_with_the_extent_that_would_do():
    labels = np.zeros((40, 50), np.int32)
    labels[30, 12:25] = 8
    message = (
        "region 8, seen at pixel (y, x) = (30, 12), is at least (1, 13) pixels large and max_extent is (10, 12); "
        "pass max_extent=(10, 13) or more"
    )
    with pytest.raises(InputError, match=re.escape(message)):
        graph_of(noise(labels.shape), labels, (10, 12), 64)
    assert graph_of(noise(labels.shape), labels, (10, 13), 64).ids.tolist() == [8]


def test_an_id_that_comes_again_far_away_is_named_with_both_places():
    labels = np.zeros((5, 100), np.int32)
    labels[2, 3] = labels[4, 90] = 6
    labels[0, 50] = 5
    message = "label 6 is used around pixel (y, x) = (2, 3) and again around (4, 90), farther apart than max_extent"
    with pytest.raises(InputError, match=re.escape(message)):
        graph_of(noise(labels.shape), labels, 5, 10)


def test_negative_labels_are_refused():
    labels = np.ones((3, 8, 9), np.int16)
    labels[2, 1, 4] = -1
    with pytest.raises(InputError, match=re.escape("label -1 at pixel (z, y, x) = (2, 1, 4) is negative")):
        graph_of(noise(labels.shape), labels, 9, 4)


@pytest.mark.parametrize("side", [5, 100])
def test_what_is_not_finite_counts_only_under_a_region(side):
    labels, image = np.zeros((20, 30), np.uint8), noise((20, 30))
    labels[4:9, 4:9], labels[15, 20] = 1, 2
    clean = graph_of(image, labels, 5, side, (AREA, INTENSITY))
    image[0, 12, 12], image[0, 9, 6] = np.nan, np.inf
    assert graph_of(image, labels, 5, side, (AREA, INTENSITY)).equals(clean)
    image[0, 15, 20] = np.nan
    with pytest.raises(InputError, match=re.escape("the image is nan in channel 0 at pixel (y, x) = (15, 20)")):
        graph_of(image, labels, 5, side)


def test_a_statistic_that_looks_around_gets_its_margin_in_every_block():
    def widest(regions):
        padded = np.pad(regions.image, 3, mode="reflect")
        view = np.lib.stride_tricks.sliding_window_view(padded, (7, 7)).max(axis=(2, 3))
        sums = np.bincount(regions.index[regions.index >= 0], view[regions.index >= 0], regions.area.size)
        return (sums / regions.area)[:, None]

    around = (Statistic("widest", ("widest",), widest, radius=3),)
    labels = cells_around(30, (40, 50), background=0.3)
    image = noise(labels.shape)
    extent = needed_extent(labels)
    assert graph_of(image, labels, extent, 7, around).equals(graph_of(image, labels, extent, 100, around))


def test_labels_without_a_region_give_an_empty_graph():
    graph = graph_of(noise((9, 9)), np.zeros((9, 9), np.uint8), 3, 4, (AREA, INTENSITY))
    assert graph.number_of_nodes == graph.number_of_edges == 0
    assert graph.positions.shape == (0, 2)


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
