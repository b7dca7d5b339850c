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
from strategies import chunkings, images, sizes

import terrazzo as tz
from terrazzo.blocks import Block, BlockGrid, Box
from terrazzo.blockwise.cluster import cluster_client
from terrazzo.kernels.filters import gaussian
from terrazzo.lattice import Lattice
from terrazzo.regions.block_labels import block_labels
from terrazzo.regions.features import AREA, DECILES, INTENSITY, scale_space
from terrazzo.regions.superpixel_parameters import SuperpixelParameters

FEATURES = (AREA, INTENSITY, DECILES, scale_space(1), scale_space(4), scale_space(16))


def segment(image, parameters, size, block):
    """Labels and graph, computed together."""
    labels = tz.superpixels(image, size, block=block, **parameters)
    lattice = Lattice.of(image, size)
    graph = tz.region_graph(image, labels, lattice=lattice, features=FEATURES, block=block)
    return dask.compute(labels, graph)


@settings(max_examples=300)
@given(data=st.data())
def test_any_chunks_and_any_blocks_give_the_same_labels_nodes_and_edges(data):
    image = data.draw(images())
    size = data.draw(sizes)
    parameters = {
        "compactness": data.draw(st.sampled_from((0.0, 0.1, 0.45, 3.0))),
        "iterations": data.draw(st.integers(1, 6)),
        "sigma": data.draw(st.sampled_from((0.0, 0.7, 1.0, 2.0))),
        "scale": data.draw(st.sampled_from((None, 0.2, 300.0))),
    }
    chunks = data.draw(chunkings(image.shape))
    block = data.draw(st.integers(1, 90))
    whole_labels, whole_graph = segment(da.from_array(image, chunks=-1), parameters, size, 10_000)
    labels, graph = segment(da.from_array(image, chunks=chunks), parameters, size, block)
    assert np.array_equal(labels, whole_labels)
    assert graph.equals(whole_graph)


@settings(max_examples=40)
@given(image=images(largest=40), size=sizes, iterations=st.integers(1, 5))
def test_a_chunked_image_equals_the_slow_whole_image_version(image, size, iterations):
    labels = tz.superpixels(da.from_array(image, chunks=9), size, iterations=iterations, scale=2.0, block=10)
    smooth = np.stack([gaussian(channel.astype(np.float32) * np.float32(0.5), 1.0) for channel in image])
    expected, _ = reference.connect(reference.slic(smooth, size, 0.45, iterations), size)
    assert np.array_equal(labels.compute(), expected + 1)


@settings(max_examples=40)
@given(image=images(largest=40), size=sizes)
def test_the_graph_of_a_chunked_image_equals_a_slow_whole_image_count(image, size):
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
    lattice = Lattice.of(image, parameters.size)
    whole = BlockGrid(lattice, lattice.cells)[0, 0]
    everything = whole.core
    expected = block_labels(image, everything, whole, parameters, scale=1.0, chaotic=True).ids
    differ = 0
    for block in BlockGrid(lattice, (blocks_wide, blocks_wide)):
        found = block_labels(image, everything, block, parameters, scale=1.0, margin=margin, halo=halo, chaotic=True)
        differ += not np.array_equal(found.ids, expected[found.box.slices])
    return differ


@pytest.mark.parametrize("size", [(4, 4), (5, 5), (8, 6), (4, 7)])
@pytest.mark.parametrize("iterations", [1, 2, 3, 5])
@pytest.mark.parametrize("margin", [0, 1])
def test_with_a_chaotic_distance_the_stated_halo_passes_and_one_cell_less_fails(size, iterations, margin):
    rng = np.random.default_rng(iterations)
    cells = 8 * (iterations + 3)
    image = rng.random((1, cells * size[0] + 1, cells * size[1] + 2)).astype(np.float32)
    parameters = SuperpixelParameters(size, iterations=iterations, sigma=0.0)
    halo = parameters.halo(margin)
    assert blocks_that_differ(image, parameters, margin, halo, blocks_wide=5) == 0
    assert blocks_that_differ(image, parameters, margin, halo - 1, blocks_wide=5) > 0


@pytest.mark.parametrize("size", [(2, 2), (3, 3), (3, 9)])
def test_with_a_chaotic_distance_the_stated_halo_passes_for_sizes_too_small_for_adoption(size):
    image = np.random.default_rng(7).random((2, 70 * size[0], 70 * size[1])).astype(np.float32)
    parameters = SuperpixelParameters(size, iterations=4, sigma=0.0)
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


@pytest.mark.parametrize("workers", [2, 4])
def test_worker_processes_that_finish_in_any_order_give_the_same_bits(workers):
    pixels = np.random.default_rng(9).random((1, 200, 230))
    expected, graph = segment(da.from_array(pixels, chunks=-1), {}, 8, 500)

    def late(block, block_info=None):
        time.sleep(0.05 * np.random.default_rng(block_info[0]["chunk-location"]).random())
        return block

    with cluster_client(workers=workers):
        slow = da.from_array(pixels, chunks=(1, 50, 50)).map_blocks(late, meta=np.empty((0, 0, 0)))
        with dask.config.set(scheduler="dask.distributed"):
            labels, same_graph = segment(slow, {}, 8, 40)
    assert np.array_equal(labels, expected)
    assert same_graph.equals(graph)


@settings(max_examples=40)
@given(image=images(largest=60), size=sizes, iterations=st.integers(1, 4))
def test_a_lattice_moved_by_ten_million_columns_gives_the_moved_labels(image, size, iterations):
    parameters = SuperpixelParameters(size, iterations=iterations)
    rim = parameters.halo(0) + 3  # cells around the image: the halo, and the radius of the smoothing
    moved_by = 10_000_000 // size[1]
    rows, columns = (-(-n // s) for n, s in zip(image.shape[1:], size, strict=True))
    padded = np.pad(image, ((0, 0), (0, 0), (rim * size[1], (rim + 1) * size[1])), mode="edge")
    found = []
    for first in (0, moved_by):
        lattice = Lattice((image.shape[1], first * size[1] + padded.shape[2]), size)
        block = Block((0, 0), Box((0, first + rim), (rows, first + rim + columns)), lattice)
        window = Box((0, first * size[1]), lattice.shape)
        labels = block_labels(padded, window, block, parameters, scale=3.0)
        row, column = np.divmod(labels.ids.astype(np.int64) - 1, lattice.cells[1])
        found.append((row, column - first))
    assert np.array_equal(found[0], found[1])


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
