import dask.array as da
import numpy as np
import pytest
from scipy import ndimage
from segmented import blobs

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError
from terrazzo.regions.statistics.features import AREA, DEFAULT_FEATURES, INTENSITY, column_names

IMAGE = blobs((90, 110), 2)
LATTICE = tz.Lattice.of(IMAGE, 8)
CHUNKED = da.from_array(IMAGE, chunks=(1, 40, 33))
LABELS = tz.superpixels(CHUNKED, LATTICE)


def graph_of(**others):
    return tz.region_graph(CHUNKED, LABELS, **{"lattice": LATTICE, "features": (AREA, INTENSITY)} | others)


def test_building_computes_nothing(nothing_computes):  # noqa: ARG001
    assert not isinstance(graph_of(), tz.RegionGraph)


def test_computing_gives_the_graph_of_the_labels():
    graph, labels = graph_of(block=32).compute(), LABELS.compute()
    assert isinstance(graph, tz.RegionGraph)
    assert graph.ids.tolist() == np.unique(labels).tolist()
    assert graph.areas.tolist() == np.bincount(labels.ravel())[graph.ids].tolist()
    assert graph.node_columns == ("area", "mean_0", "std_0", "mean_1", "std_1")
    means = ndimage.mean(IMAGE[1].astype(float), labels, graph.ids)
    assert np.allclose(graph.node_features[:, 3], means, atol=1e-5)


def test_the_default_features_are_named():
    graph = tz.region_graph(IMAGE, LABELS, lattice=LATTICE).compute()
    assert graph.node_columns == column_names(DEFAULT_FEATURES, 2)
    assert np.isfinite(graph.node_features).all()


def test_another_image_than_the_segmented_one_may_be_measured():
    other = np.arange(90 * 110, dtype=np.float32).reshape(90, 110)
    graph = tz.region_graph(other, LABELS, lattice=LATTICE, features=(INTENSITY,)).compute()
    expected = ndimage.mean(other, LABELS.compute(), graph.ids)
    assert np.allclose(graph.node_features[:, 0], expected, rtol=1e-5)


def test_a_statistic_of_ones_own_is_measured_in_any_blocks():
    def reach(regions):
        spread = ndimage.maximum_filter(regions.image, 7)
        return ndimage.mean(spread, regions.index, range(regions.area.size))[:, None]

    own = tz.Statistic("reach", ("reach",), reach, radius=3)
    small, large = (graph_of(features=(own,), block=block).compute() for block in (32, 400))
    assert np.allclose(small.node_features, large.node_features, atol=1e-5)
    expected = ndimage.mean(ndimage.maximum_filter(IMAGE[0], 7), LABELS.compute(), large.ids)
    assert np.allclose(large.node_features[:, 0], expected, atol=1e-5)


def test_there_are_at_most_24_tasks_per_block_for_the_two_overlapped_arrays():
    image = da.zeros((64 * 64, 64 * 64), chunks=64)
    labels = da.ones((64 * 64, 64 * 64), chunks=64, dtype=np.uint32)
    graph = tz.region_graph(image, labels, lattice=tz.Lattice.of(image, 4), features=(AREA,), block=64)
    own = len(dict(graph.__dask_graph__())) - sum(len(dict(a.__dask_graph__())) for a in (image, labels))
    assert own / 64**2 <= 24


def test_labels_of_another_extent_are_refused_at_once(nothing_computes):  # noqa: ARG001
    with pytest.raises(InputError, match=r"the image \(90, 110\), the labels \(80, 110\); they must be those of one"):
        tz.region_graph(CHUNKED, LABELS[:80], lattice=LATTICE)


def test_a_lattice_of_another_extent_is_refused_at_once(nothing_computes):  # noqa: ARG001
    with pytest.raises(InputError, match=r"the labels \(90, 110\), the lattice \(90, 100\)"):
        graph_of(lattice=tz.Lattice((90, 100), (8, 8)))


@pytest.mark.parametrize("labels", [LABELS.astype(float), LABELS > 3, da.stack([da.stack([LABELS])]), LABELS[0]])
def test_labels_that_are_no_whole_numbers_of_an_image_are_refused(labels):
    with pytest.raises(InputError, match=r"they must be whole numbers \(y, x\) or \(z, y, x\)"):
        tz.region_graph(CHUNKED, labels, lattice=LATTICE)


def test_a_size_is_no_lattice():
    with pytest.raises(ParameterError, match=r"lattice is 8; pass Lattice\.of\(image, size=…\)"):
        graph_of(lattice=8)


def test_labels_of_another_lattice_are_refused_on_compute():
    with pytest.raises(InputError, match="is no superpixel of a lattice of size"):
        graph_of(lattice=tz.Lattice.of(IMAGE, 9)).compute()


def test_a_pixel_that_is_not_finite_is_named_on_compute():
    image = IMAGE.copy()
    image[0, 3, 4] = np.nan
    graph = tz.region_graph(image, LABELS, lattice=LATTICE)
    with pytest.raises(InputError, match=r"the image is nan in channel 0 at pixel \(y, x\) = \(3, 4\)"):
        graph.compute()


def test_pixels_that_are_masked_out_belong_to_no_region():
    inside = np.add.outer(np.arange(90), np.arange(110)) > 60
    labels = np.where(inside, LABELS.compute(), 0)
    graph = tz.region_graph(CHUNKED, labels, lattice=LATTICE, features=(AREA, INTENSITY), block=32).compute()
    assert graph.ids.tolist() == np.unique(labels[inside]).tolist()
    assert graph.areas.tolist() == np.bincount(labels.ravel())[graph.ids].tolist()
    assert graph.equals(tz.region_graph(CHUNKED, labels, lattice=LATTICE, features=(AREA, INTENSITY)).compute())


@pytest.mark.parametrize("block", [32, 400])
def test_where_there_is_no_label_the_image_may_hold_anything(block):
    labels, image = LABELS.compute(), IMAGE.copy()
    labels[30:60, 40:80] = 0
    image[0, 30:60, 40:80] = np.nan
    graph = tz.region_graph(image, labels, lattice=LATTICE, block=block).compute()
    image[0, 30:60, 40:80] = 0
    assert graph.equals(tz.region_graph(image, labels, lattice=LATTICE).compute())


def test_a_volume_has_a_graph_whose_nodes_lie_in_space():
    image = np.random.default_rng(0).random((20, 30, 40)).astype(np.float32)
    chunked = da.from_array(image, chunks=(7, 30, 11))
    lattice = tz.Lattice.of(image, (4, 6, 6))
    labels = tz.superpixels(chunked, lattice)
    assert labels.shape == image.shape
    graphs = [
        tz.region_graph(chunked, labels, lattice=lattice, features=(AREA, INTENSITY), block=block).compute()
        for block in (12, 200)
    ]
    assert graphs[0].equals(graphs[1])
    ids = labels.compute()
    assert graphs[0].ids.tolist() == np.unique(ids).tolist()
    assert np.allclose(graphs[0].positions, ndimage.center_of_mass(np.ones(ids.shape), ids, graphs[0].ids))
    assert graphs[0].edge_columns == ("boundary_area", "contrast_0")


def test_an_image_and_labels_with_other_axes_are_refused():
    with pytest.raises(
        InputError, match=r"the extents \(z, y, x\) differ: the image \(90, 110\), the labels \(4, 90, 110\)"
    ):
        tz.region_graph(IMAGE[0], np.ones((4, 90, 110), int), max_extent=9)
