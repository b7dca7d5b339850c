"""The first promise: chunking never changes the answer, bit for bit."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import chunkings, images, masks, sizes, volume_sizes
from untrained import untrained_model

import terrazzo as tz
from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.blockwise.cluster import run_blocks as windowed
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.kernels.filters import gaussian
from terrazzo.lattice import Lattice
from terrazzo.regions.statistics.features import AREA, DECILES, INTENSITY, scale_space, scale_space_eigen
from terrazzo.regions.superpixels.block_labels import block_labels
from terrazzo.regions.superpixels.superpixel_parameters import SuperpixelParameters

FEATURES = (AREA, INTENSITY, DECILES, scale_space(1), scale_space_eigen(4), scale_space(16))


def segment(image, parameters, size, block, mask=None):
    """Labels and graph, computed together."""
    labels = tz.superpixels(
        image, tz.SuperpixelParameters(Lattice.of(image, size).size, **parameters), block=block, mask=mask
    )
    lattice = Lattice.of(image, size)
    graph = tz.region_graph(image, labels, lattice=lattice, features=FEATURES, block=block)
    return dask.compute(labels, graph)


def drawn_parameters(data):
    return {
        "compactness": data.draw(st.sampled_from((0.0, 0.1, 0.45, 3.0))),
        "iterations": data.draw(st.integers(1, 6)),
        "sigma": data.draw(st.sampled_from((0.0, 0.7, 1.0, 2.0))),
        "scale": data.draw(st.sampled_from((None, 0.2, 300.0))),
    }


def check_any_cut(data, image, size, largest_block, mask=None):
    """Labels, nodes and edges of any chunks and blocks against those of one chunk and one block."""
    parameters = drawn_parameters(data)
    chunks = data.draw(chunkings(image.shape))
    block = data.draw(st.integers(1, largest_block))
    whole_mask = None if mask is None else da.from_array(mask, chunks=-1)
    cut_mask = None if mask is None else da.from_array(mask, chunks=data.draw(chunkings(mask.shape)))
    whole_labels, whole_graph = segment(da.from_array(image, chunks=-1), parameters, size, 10_000, whole_mask)
    labels, graph = segment(da.from_array(image, chunks=chunks), parameters, size, block, cut_mask)
    assert np.array_equal(labels, whole_labels)
    assert graph.equals(whole_graph)
    return labels


@settings(max_examples=150)
@given(data=st.data())
def test_any_chunks_and_any_blocks_give_the_same_labels_nodes_and_edges(data):
    check_any_cut(data, data.draw(images()), data.draw(sizes), 90)


@settings(max_examples=150)
@given(data=st.data())
def test_any_chunks_and_any_blocks_give_the_same_volume(data):
    check_any_cut(data, data.draw(images(largest=20, most_channels=2, axes=3)), data.draw(volume_sizes), 30)


@settings(max_examples=60)
@given(data=st.data())
def test_any_chunks_and_any_blocks_give_the_same_inside_a_mask(data):
    axes = data.draw(st.sampled_from((2, 3)))
    image = data.draw(images(largest=72 if axes == 2 else 18, most_channels=2, axes=axes))
    mask = data.draw(masks(image.shape[1:]))
    labels = check_any_cut(data, image, data.draw(sizes if axes == 2 else volume_sizes), 40, mask)
    assert np.array_equal(labels == 0, ~mask)


@settings(max_examples=40)
@given(image=images(largest=40), size=sizes, iterations=st.integers(1, 5))
def test_a_chunked_image_equals_the_slow_whole_image_version(image, size, iterations):
    labels = tz.superpixels(
        da.from_array(image, chunks=9), tz.SuperpixelParameters(size, iterations=iterations, scale=2.0), block=10
    )
    assert np.array_equal(labels.compute(), slow_labels(image, size, iterations))


@settings(max_examples=30)
@given(image=images(largest=14, most_channels=2, axes=3), size=volume_sizes, iterations=st.integers(1, 4))
def test_a_chunked_volume_equals_the_slow_whole_volume_version(image, size, iterations):
    labels = tz.superpixels(
        da.from_array(image, chunks=5), tz.SuperpixelParameters(size, iterations=iterations, scale=2.0), block=8
    )
    assert np.array_equal(labels.compute(), slow_labels(image, size, iterations))


def slow_labels(image, size, iterations):
    """The ids of superpixels of scale 2, from slow versions of all steps but the Gaussians."""
    volumes = image.reshape(image.shape[0], *(1,) * (3 - len(size)), *image.shape[1:]).astype(np.float32)
    sigmas = np.array((0.0,) * (3 - len(size)) + SuperpixelParameters(size).sigmas)
    near, far = (
        np.stack([gaussian(volume * np.float32(0.5), tuple(wide * sigmas), np.float32) for volume in volumes])
        for wide in (1, 4)
    )
    smooth = (near + np.float32(0.5) * (near - far)).reshape(image.shape)
    return reference.connect(reference.slic(smooth, size, 0.45, iterations), smooth, size)[0] + 1


@settings(max_examples=40)
@given(data=st.data())
def test_the_graph_of_a_chunked_image_equals_a_slow_whole_image_count(data):
    axes = data.draw(st.sampled_from((2, 3)))
    image = data.draw(images(largest=40 if axes == 2 else 13, axes=axes))
    size = data.draw(sizes if axes == 2 else volume_sizes)
    lattice = Lattice.of(image, size)
    chunked = da.from_array(image, chunks=11)
    labels = tz.superpixels(chunked, size, block=12)
    ids, graph = dask.compute(labels, tz.region_graph(chunked, labels, lattice=lattice, block=12))
    present, area = np.unique(ids, return_counts=True)
    assert np.array_equal(graph.ids, present)
    assert np.array_equal(graph.areas, area)
    centroids = [np.argwhere(ids == number).mean(axis=0) for number in present]
    assert np.allclose(graph.positions, centroids)
    expected = reference.edges_of(ids, image.astype(np.float32))
    assert [tuple(pair) for pair in graph.ids[graph.edge_index].T.tolist()] == list(expected)
    assert np.array_equal(graph.edge_features[:, 0], [faces for faces, _ in expected.values()])
    contrast = np.array([change for _, change in expected.values()]).reshape(len(expected), len(image))
    assert np.allclose(graph.edge_features[:, 1:], contrast, rtol=1e-5, atol=1e-6)


def blocks_that_differ(image, parameters, margin, halo, blocks_wide):
    """How many blocks give other labels than the whole image, computed from `halo` cells around."""
    lattice = Lattice(image.shape[1:], parameters.size)
    axes = len(lattice.size)
    whole = BlockGrid(lattice, lattice.cells)[(0,) * axes]
    everything = whole.core
    expected = block_labels(image, everything, whole, parameters, scale=1.0, chaotic=True).ids
    differ = 0
    for block in BlockGrid(lattice, (blocks_wide,) * axes):
        found = block_labels(image, everything, block, parameters, scale=1.0, margin=margin, halo=halo, chaotic=True)
        differ += not np.array_equal(found.ids, expected[found.box.slices])
    return differ


@pytest.mark.parametrize("size", [(4, 4), (5, 5), (8, 6), (4, 7)])
@pytest.mark.parametrize("iterations", [1, 2, 3, 5])
@pytest.mark.parametrize("margin", [0, 1])
def test_with_a_chaotic_distance_the_stated_halo_passes_and_one_cell_less_fails(size, iterations, margin):
    cells = 8 * (iterations + 3)
    parameters = SuperpixelParameters(size, iterations=iterations, sigma=0.0)
    halo, one_less = parameters.halo(margin), 0
    for seed in range(4):  # an adoption from afar is rare: not every image has one at a rim
        image = np.random.default_rng(seed).random((1, *(cells * s + 1 for s in size)), np.float32)
        assert blocks_that_differ(image, parameters, margin, halo, blocks_wide=5) == 0
        one_less = one_less or blocks_that_differ(image, parameters, margin, halo - 1, blocks_wide=5)
    assert one_less > 0


@pytest.mark.parametrize(("size", "iterations"), [((4, 4, 4), 1), ((4, 4, 4), 2), ((5, 4, 6), 1), ((4, 5, 4), 3)])
def test_with_a_chaotic_distance_the_stated_halo_passes_and_one_cell_less_fails_in_a_volume(size, iterations):
    rng = np.random.default_rng(iterations)
    cells = 2 * (iterations + 3) + 7
    image = rng.random((1, *(cells * s + 1 for s in size))).astype(np.float32)
    parameters = SuperpixelParameters(size, iterations=iterations, sigma=0.0)
    halo = parameters.halo(1)
    assert blocks_that_differ(image, parameters, 1, halo, blocks_wide=4) == 0
    assert blocks_that_differ(image, parameters, 1, halo - 1, blocks_wide=4) > 0


@pytest.mark.parametrize("size", [(2, 2), (3, 3), (3, 9), (2, 4, 4)])
def test_with_a_chaotic_distance_the_stated_halo_passes_for_cells_too_thin_for_long_adoptions(size):
    axes, iterations = len(size), 4 if len(size) == 2 else 2
    cells = 70 if axes == 2 else 18
    image = np.random.default_rng(7).random((2, *(cells * s for s in size))).astype(np.float32)
    parameters = SuperpixelParameters(size, iterations=iterations, sigma=0.0)
    assert blocks_that_differ(image, parameters, 1, parameters.halo(1), blocks_wide=5) == 0
    assert blocks_that_differ(image, parameters, 1, parameters.halo(1) - 2, blocks_wide=5) > 0


def test_real_pixels_give_the_same_bits_in_any_cut(microscopy):
    image = tz.open_image(microscopy / "axon-sem" / "images" / "sub-rat1_sample-data1_SEM.png").data[:, :700, :900]
    parameters = {"compactness": 0.45, "iterations": 5, "sigma": 1.0, "scale": None}
    labels, graph = segment(image.rechunk((1, 700, 900)), parameters, (16, 16), 2048)
    other_labels, other_graph = segment(image.rechunk((1, 101, 333)), parameters, (16, 16), 200)
    assert np.array_equal(labels, other_labels)
    assert graph.equals(other_graph)


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_threads_and_processes_give_the_same_bits(scheduler):
    image = da.from_array(np.random.default_rng(5).random((2, 150, 170)), chunks=(1, 40, 61))
    expected, graph = segment(image, {}, 8, 500)
    with dask.config.set(scheduler=scheduler):
        labels, same_graph = segment(image, {}, 8, 50)
    assert np.array_equal(labels, expected)
    assert same_graph.equals(graph)


def test_worker_processes_that_finish_in_any_order_give_the_same_bits():
    pixels = np.random.default_rng(9).random((1, 200, 230))
    expected, graph = segment(da.from_array(pixels, chunks=-1), {}, 8, 500)

    def late(block, block_info=None):
        time.sleep(0.05 * np.random.default_rng(block_info[0]["chunk-location"]).random())
        return block

    with cluster_client(workers=3):
        slow = da.from_array(pixels, chunks=(1, 50, 50)).map_blocks(late, meta=np.empty((0, 0, 0)))
        with dask.config.set(scheduler="dask.distributed"):
            labels, same_graph = segment(slow, {}, 8, 40)
    assert np.array_equal(labels, expected)
    assert same_graph.equals(graph)


@settings(max_examples=60)
@given(data=st.data())
def test_a_lattice_moved_by_ten_million_columns_gives_the_moved_labels(data):
    axes = data.draw(st.sampled_from((2, 3)))
    image = data.draw(images(largest=60 if axes == 2 else 16, axes=axes))
    size = data.draw(sizes if axes == 2 else volume_sizes)
    parameters = SuperpixelParameters(size, iterations=data.draw(st.integers(1, 4)))
    rim = parameters.halo(0) + 1 + parameters.smoothing_radius[-1] // size[-1]  # cells around the image
    moved_by = 10_000_000 // size[-1]
    cells = tuple(-(-n // s) for n, s in zip(image.shape[1:], size, strict=True))
    beside = (rim * size[-1], (rim + 1) * size[-1])
    padded = np.pad(image, (*((0, 0),) * axes, beside), mode="edge")
    found = []
    for first in (0, moved_by):
        lattice = Lattice((*image.shape[1:-1], first * size[-1] + padded.shape[-1]), size)
        before = (0,) * (axes - 1)
        block = Block((0,) * axes, Box((*before, first + rim), (*cells[:-1], first + rim + cells[-1])), lattice)
        window = Box((*before, first * size[-1]), lattice.shape)
        labels = block_labels(padded, window, block, parameters, scale=3.0)
        rows, column = np.divmod(labels.ids.astype(np.int64) - 1, lattice.cells[-1])
        found.append((rows, column - first))
    assert np.array_equal(found[0], found[1])


def test_beyond_2_to_the_32_seeds_ids_have_64_bits():
    lattice = Lattice((2**20, 2**20), (4, 4))
    grid = BlockGrid(lattice, (4, 4))
    last = grid[tuple(n - 1 for n in grid.shape)]
    parameters = SuperpixelParameters((4, 4))
    window = parameters.window(last, margin=0)
    labels = block_labels(np.ones((1, *window.shape)), window, last, parameters, scale=1.0)
    assert labels.ids.dtype == np.uint64
    assert int(labels.ids[-1, -1]) == lattice.number_of_cells == 2**36


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (150, 3), (1, 1, 1), (1, 40, 40), (30, 1, 2)])
@pytest.mark.parametrize("size", [3, 16, 64])
def test_images_thinner_than_a_cell_are_the_same_in_any_cut(shape, size):
    pixels = np.random.default_rng(2).random((2, *shape))
    expected, graph = segment(da.from_array(pixels, chunks=-1), {}, size, 500)
    labels, same_graph = segment(da.from_array(pixels, chunks=1 if pixels.size < 10 else 17), {}, size, 20)
    assert np.array_equal(labels, expected)
    assert same_graph.equals(graph)


@pytest.mark.parametrize(("at_once", "order"), [(1, 1), (1, -1), (100, -1)])
def test_windows_of_one_task_and_of_many_write_the_same_result(at_once, order, tmp_path, monkeypatch):
    pixels = np.random.default_rng(4).random((1, 120, 130)).astype(np.float32)
    tz.write_ome_zarr(tmp_path / "image.ome.zarr", pixels, chunks=(64, 64))
    image, model = tz.open_image(tmp_path / "image.ome.zarr"), untrained_model()
    usual = tz.write_prediction(model, image, tmp_path / "usual.zarr", block=40)
    monkeypatch.setattr(windowed, "TASKS_PER_THREAD", at_once)
    monkeypatch.setattr(BlockGrid, "__iter__", lambda grid: (grid[at] for at in list(np.ndindex(grid.shape))[::order]))
    other = tz.write_prediction(model, image, tmp_path / "other.zarr", block=40)
    everything = (slice(None), slice(None))
    assert np.array_equal(other.read_superpixels(everything), usual.read_superpixels(everything))
    assert np.array_equal(other.read_classes(everything), usual.read_classes(everything))
    for block in usual.grid:
        for name in ("ids", "positions", "areas", "node_features", "edges", "edge_features"):
            assert np.array_equal(getattr(other.read_graph(block), name), getattr(usual.read_graph(block), name))


def test_the_kernels_give_the_same_bits_without_numba():
    script = (
        "import sys, numpy as np, dask, terrazzo as tz\n"
        "image = np.load(sys.argv[1])\n"
        "lattice = tz.Lattice.of(image, 8)\n"
        "labels = tz.superpixels(image, lattice, block=32)\n"
        "graph = tz.region_graph(image, labels, lattice=lattice, block=32)\n"
        "with dask.config.set(scheduler='synchronous'):\n"
        "    labels, graph = dask.compute(labels, graph)\n"
        "np.savez(sys.argv[2], labels=labels, nodes=graph.node_features, edges=graph.edge_features)\n"
    )
    pixels = np.random.default_rng(3).normal(size=(40, 48)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        image, jitted, plain = (str(Path(folder) / name) for name in ("image.npy", "jitted.npz", "plain.npz"))
        np.save(image, pixels)
        for output, off in ((jitted, "0"), (plain, "1")):
            environment = os.environ | {"NUMBA_DISABLE_JIT": off}
            subprocess.run([sys.executable, "-c", script, image, output], check=True, env=environment)
        with np.load(jitted) as expected, np.load(plain) as found:
            for name in expected:
                assert np.array_equal(expected[name], found[name]), name
