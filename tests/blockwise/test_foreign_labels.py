"""Labels that other programs made: their graph is the same, and so is whether it is an error, however they are cut."""

import dask
import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_images import cells_around, fits, label_images, needed_extent
from reference import edges_of
from segmented import blobs
from skimage.measure import regionprops_table
from skimage.segmentation import relabel_sequential, slic, watershed

import terrazzo as tz
from terrazzo.errors import InputError, ParameterError
from terrazzo.regions.statistics.features import AREA, DECILES, INTENSITY, scale_space

FEATURES = (AREA, INTENSITY, DECILES, scale_space(1), scale_space(4))


def noise(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@st.composite
def chunked(draw, array):
    """The array as a Dask array, cut anywhere: chunks may be one pixel thin, or thinner than a region."""
    places = [sorted(draw(st.sets(st.integers(1, n), max_size=3)) - {n}) for n in array.shape]
    chunks = tuple(tuple(np.diff([0, *cuts, n]).tolist()) for cuts, n in zip(places, array.shape, strict=True))
    return da.from_array(array, chunks=chunks)


@settings(max_examples=60)
@given(data=st.data())
def test_any_chunks_and_any_blocks_give_the_same_graph_or_all_of_them_none(data):
    labels = data.draw(label_images())
    image = noise((data.draw(st.integers(1, 2)), *labels.shape))
    near = st.sampled_from([np.array(needed_extent(labels)) + more for more in (0, 0, 0, -1, 1)])
    max_extent = tuple(np.maximum(1, data.draw(near)).tolist())
    graph = tz.region_graph(
        data.draw(chunked(image)),
        data.draw(chunked(labels)),
        max_extent=max_extent,
        features=FEATURES,
        block=data.draw(st.integers(8, 50)),
    )
    if not fits(labels, max_extent):
        with pytest.raises(InputError, match=r"max_extent"):
            graph.compute()
        return
    whole = tz.region_graph(image, labels, max_extent=labels.shape, features=FEATURES).compute()
    assert graph.compute().equals(whole)


@settings(max_examples=40)
@given(data=st.data())
def test_one_id_at_two_places_is_an_error_where_they_lie_too_far_apart_and_nowhere_else(data):
    shape = data.draw(st.sampled_from([(12, 40), (5, 9, 20)]))
    labels = np.zeros(shape, np.uint16)
    for _ in range(2):
        labels[tuple(data.draw(st.integers(0, n - 1)) for n in shape)] = 9
    max_extent = tuple(data.draw(st.integers(1, n)) for n in shape)
    chunks = data.draw(chunked(labels))
    graph = tz.region_graph(
        noise(shape), chunks, max_extent=max_extent, features=(AREA,), block=data.draw(st.integers(4, 12))
    )
    if fits(labels, max_extent):
        assert graph.compute().ids.tolist() == [9]
    else:
        with pytest.raises(InputError, match=r"(label|region) 9"):
            graph.compute()


@pytest.mark.parametrize("program", ["slic", "watershed"])
def test_labels_of_scikit_image_are_measured_as_scikit_image_measures_them(program):
    image = blobs((120, 150), 1)
    if program == "slic":
        labels = slic(image[0], n_segments=200, compactness=0.1, channel_axis=None)
    else:
        labels = watershed(-image[0], markers=150, mask=image[0] > np.quantile(image[0], 0.3))
    graph = tz.region_graph(
        da.from_array(image, chunks=(1, 37, 50)),
        labels,
        max_extent=needed_extent(labels),
        features=(AREA, INTENSITY),
        block=40,
    ).compute()
    names = ("label", "area", "centroid", "intensity_mean", "intensity_std")
    expected = regionprops_table(labels, image[0].astype(float), properties=names)
    assert graph.ids.tolist() == expected["label"].tolist()
    assert graph.node_features[:, 0].tolist() == expected["area"].tolist()
    assert np.allclose(graph.positions, np.stack([expected["centroid-0"], expected["centroid-1"]], axis=1))
    assert np.allclose(graph.node_features[:, 1], expected["intensity_mean"], atol=1e-5)
    assert np.allclose(graph.node_features[:, 2], expected["intensity_std"], atol=1e-5)
    edges = edges_of(labels, image)
    assert [tuple(pair) for pair in graph.ids[graph.edge_index].T.tolist()] == list(edges)
    assert graph.edge_features[:, 0].tolist() == [faces for faces, _ in edges.values()]
    assert np.allclose(graph.edge_features[:, 1], [change[0] for _, change in edges.values()], rtol=1e-5)


def test_superpixels_of_this_package_give_the_same_graph_by_either_way():
    image = da.from_array(blobs((90, 110), 2), chunks=(1, 40, 33))
    lattice = tz.Lattice.of(image, 8)
    labels = tz.superpixels(image, lattice)
    by_lattice = tz.region_graph(image, labels, lattice=lattice).compute()
    by_extent = tz.region_graph(image, labels, max_extent=16, block=40).compute()
    assert np.allclose(by_lattice.positions, by_extent.positions)
    for name in ("ids", "areas", "node_features", "edge_index", "edge_features"):
        assert np.array_equal(getattr(by_lattice, name), getattr(by_extent, name)), name


def test_a_volume_knows_its_axes_from_its_labels():
    labels = cells_around(30, (12, 20, 24))
    graph = tz.region_graph(noise((12, 20, 24)), labels, max_extent=24, features=(AREA,)).compute()
    assert graph.positions.shape == (len(np.unique(labels)), 3)
    assert graph.edge_columns == ("boundary_area", "contrast_0")


def test_labels_opened_from_a_file_are_taken_as_they_are(tmp_path):
    labels, image = cells_around(30, (50, 60)).astype(np.uint16), blobs((50, 60))
    np.save(tmp_path / "labels.npy", labels)
    opened = tz.open_labels(tmp_path / "labels.npy")
    graph = tz.region_graph(image, opened, max_extent=60, features=(AREA,)).compute()
    assert graph.equals(tz.region_graph(image, labels, max_extent=60, features=(AREA,)).compute())


@pytest.mark.parametrize("given_ones", [{}, {"lattice": tz.Lattice((20, 20), (4, 4)), "max_extent": 5}])
def test_exactly_one_of_lattice_and_extent_says_what_labels_are(given_ones, nothing_computes):  # noqa: ARG001
    with pytest.raises(ParameterError, match="of lattice and max_extent are given; pass the lattice of labels that"):
        tz.region_graph(np.zeros((20, 20)), np.ones((20, 20), int), **given_ones)


def test_building_computes_nothing(nothing_computes):  # noqa: ARG001
    labels = da.ones((100, 100), chunks=30, dtype=np.int32)
    assert not isinstance(tz.region_graph(da.zeros((100, 100), chunks=30), labels, max_extent=30), tz.RegionGraph)


def test_tasks_grow_with_blocks_and_not_with_labels():
    image = da.zeros((64 * 32, 64 * 32), chunks=64)
    labels = da.ones((64 * 32, 64 * 32), chunks=64, dtype=np.uint32)
    graph = tz.region_graph(image, labels, max_extent=16, features=(AREA,), block=64)
    own = len(dict(graph.__dask_graph__())) - sum(len(dict(a.__dask_graph__())) for a in (image, labels))
    assert own / 32**2 <= 24


def test_threads_give_the_same_bits():
    image, labels = noise((1, 150, 170)), cells_around(300, (150, 170), background=0.2)
    expected = tz.region_graph(image, labels, max_extent=170, features=FEATURES).compute()
    with dask.config.set(scheduler="threads"):
        graph = tz.region_graph(image, labels, max_extent=170, features=FEATURES, block=30).compute()
    assert graph.equals(expected)


def test_an_error_names_the_region_wherever_it_is_found():
    labels = cells_around(40, (80, 80))
    labels = relabel_sequential(labels)[0]
    labels[5] = 77
    graph = tz.region_graph(noise((80, 80)), labels, max_extent=60, features=(AREA,), block=20)
    with pytest.raises(InputError, match=r"region 77, seen at pixel \(y, x\) = \(5, "):
        graph.compute()
