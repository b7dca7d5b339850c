"""Volumes, lazily: axes, chunks and laziness; that nothing changes a label is told in test_exactness.py."""

import dask
import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import chunkings

import terrazzo as tz
from terrazzo.errors import InputError

SIZE = (3, 6, 6)


def test_building_computes_nothing(nothing_computes, volume):  # noqa: ARG001
    chunked = da.from_array(volume, chunks=(7, 20, 23))
    labels = tz.superpixels(chunked, SIZE, mask=da.ones(volume.shape, dtype=bool, chunks=9))
    assert labels.chunks == chunked.chunks
    assert labels.dtype == np.uint32


@settings(max_examples=6)
@given(data=st.data())
def test_any_chunks_of_volume_and_mask_give_the_same_bits(data, volume, ball):
    volume, ball = volume[:15, :31, :29], ball[:15, :31, :29]
    expected = tz.superpixels(volume, SIZE, mask=ball).compute()
    chunked = da.from_array(volume, chunks=data.draw(chunkings(volume.shape)))
    mask = da.from_array(ball, chunks=data.draw(chunkings(ball.shape)))
    assert np.array_equal(tz.superpixels(chunked, SIZE, mask=mask, block=24).compute(), expected)


def test_the_ways_to_give_a_volume_are_the_same(volume, tmp_path):
    expected = tz.superpixels(volume, SIZE).compute()
    assert expected.shape == volume.shape
    lattice = tz.Lattice.of(volume, SIZE)
    tz.write_ome_zarr(tmp_path / "volume.zarr", volume, axes="zyx")
    for image, size in ((volume[None], SIZE), (volume, lattice), (tz.open_image(tmp_path / "volume.zarr"), SIZE)):
        assert np.array_equal(tz.superpixels(image, size).compute(), expected)


def test_one_size_serves_all_axes_of_a_volume_with_channels(volume):
    labels = tz.superpixels(volume[None], 6)
    assert np.array_equal(labels.compute(), tz.superpixels(volume, (6, 6, 6)).compute())


def test_a_constant_volume_gives_the_lattice():
    labels = tz.superpixels(np.full((7, 12, 10), 5, np.uint8), (2, 4, 5)).compute()
    z, y, x = np.indices(labels.shape)
    assert np.array_equal(labels, (z // 2 * 3 + y // 4) * 2 + x // 5 + 1)


def test_a_volume_of_depth_1_gives_the_labels_of_its_section(volume):
    section = tz.superpixels(volume[4], 6).compute()
    assert np.array_equal(tz.superpixels(volume[4:5], (6, 6, 6)).compute()[0], section)


@settings(max_examples=10)
@given(data=st.data())
def test_with_a_size_of_1_along_z_each_section_has_the_superpixels_of_an_image(data, volume, ball):
    volume, ball = volume[:6, :40, :37], ball[:6, :40, :37]
    mask = data.draw(st.sampled_from((None, ball)))
    sections = [
        tz.superpixels(section, (5, 6), scale=3.0, mask=None if mask is None else mask[z])
        for z, section in enumerate(volume)
    ]
    cells = tz.Lattice.of(volume[0], (5, 6)).number_of_cells
    expected = np.stack([np.where(ids > 0, ids + z * cells, 0) for z, ids in enumerate(dask.compute(*sections))])
    chunked = da.from_array(volume, chunks=data.draw(chunkings(volume.shape)))
    labels = tz.superpixels(chunked, (1, 5, 6), scale=3.0, mask=mask, block=data.draw(st.integers(4, 40)))
    assert np.array_equal(labels.compute(), expected)


def test_superpixels_of_sections_touch_those_above_and_below():
    volume = np.zeros((4, 12, 12), np.uint8)
    lattice = tz.Lattice.of(volume, (1, 6, 6))
    graph = tz.region_graph(volume, tz.superpixels(volume, lattice), lattice=lattice).compute()
    apart = np.sort(graph.ids[graph.edge_index[1]] - graph.ids[graph.edge_index[0]])
    # 4 in each section of 2 x 2 cells, and 4 between two sections
    assert np.array_equal(np.unique(apart, return_counts=True), ([1, 2, 4], [8, 8, 12]))
    assert np.array_equal(graph.areas, np.full(16, 36))


def test_there_are_at_most_30_tasks_per_block():
    volume = da.zeros((128, 128, 128), chunks=32)
    labels = tz.superpixels(volume, (4, 4, 4), block=32, scale=1.0)
    tasks = len(dict(labels.__dask_graph__())) - len(dict(volume.__dask_graph__()))
    assert labels.npartitions == 64
    assert tasks / labels.npartitions <= 30


def test_a_voxel_that_is_not_finite_is_named_on_compute(volume):
    broken = volume.copy()
    broken[13, 40, 3] = np.nan
    with pytest.raises(InputError, match=r"the image is nan in channel 0 at pixel \(z, y, x\) = \(13, 40, 3\)"):
        tz.superpixels(broken, SIZE, block=24).compute()
