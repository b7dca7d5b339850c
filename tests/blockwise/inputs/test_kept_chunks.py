"""Arrays that a cluster keeps, in a cluster within this process."""

import logging

import dask
import dask.array as da
import numpy as np
import pytest
from distributed import Client, LocalCluster
from segmented import blobs, grid_of

import terrazzo as tz
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.blockwise.inputs.windows import read_window


@pytest.fixture(scope="module")
def client():
    local = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with LocalCluster(**local) as cluster, Client(cluster) as client:
        yield client


@pytest.fixture
def image():
    return da.from_array(blobs((96, 96)), chunks=(1, 40, 50)) * 2


def read_core(block, array):
    return block, read_window(array, block.core)


def test_windows_of_what_is_kept_are_read_here_and_in_tasks_that_have_the_only_thread(client, image):
    whole, grid = image.compute(), grid_of((96, 96))
    computed = da.from_delayed(client.submit(np.copy, whole), whole.shape, whole.dtype)
    for kept in (client.persist(image), client.persist(image) + 0, computed.rechunk(50)):
        here = [read_core(block, kept) for block in grid]
        there = list(run_blocks(read_core, grid, kept, client=client))
        assert len(here) == len(there) == len(grid)
        assert all(np.array_equal(pixels, whole[(..., *block.core.slices)]) for block, pixels in here + there)


def test_a_fit_takes_what_is_kept_and_its_tasks_have_keys_of_their_own(client, image, caplog):
    scheduler = logging.getLogger("distributed.scheduler")
    scheduler.addHandler(caplog.handler)
    truth = da.from_array((blobs((96, 96))[0] > 0.5).astype(np.uint8))
    with dask.config.set(scheduler=client):
        kept, labels, drawn = client.persist([image, tz.superpixels(image, 8), truth])
        model = tz.fit([image, kept], [truth, drawn], size=8, training=tz.LatticeTraining(steps=40))
    scheduler.removeHandler(caplog.handler)
    assert (len(model.class_names), labels.shape) == (2, truth.shape)
    assert "Detected different" not in caplog.text
