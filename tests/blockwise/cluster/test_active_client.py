import logging
from functools import partial

import dask
import numpy as np
import pytest
from distributed import Client, LocalCluster, get_task_stream
from forked import forking

import terrazzo as tz
from terrazzo.blockwise.cluster.active_client import active_client
from terrazzo.progress import Step, on_progress

SAYS = "no client is given: blocks run on the active one, of the scheduler at "
ALL = (slice(None), slice(None))


@pytest.fixture(scope="module")
def cluster():
    with forking(), LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    """A client that is current, as after `Client(…)` in a notebook."""
    with Client(cluster) as client:
        yield client


@pytest.fixture
def log(caplog):
    """Return the lines about an active client."""
    caplog.set_level(logging.INFO, logger="terrazzo")
    return lambda: [line for line in caplog.messages if line.startswith(SAYS)]


@pytest.fixture(scope="module")
def result(model, stored, tmp_path_factory):
    return tz.write_prediction(model, stored, tmp_path_factory.mktemp("run") / "result.zarr", block=48)


def test_the_client_that_is_given_comes_before_the_active_one(client, cluster, log):
    assert client.status == "running"
    with Client(cluster, set_as_default=False) as another:
        assert active_client(another) is another
    assert log() == []


def test_the_active_client_is_found_and_named_once(client, log):
    assert active_client() is client
    assert log() == [f"{SAYS}{client.scheduler.address}"]


def test_a_current_client_is_found_and_forgotten(cluster):
    with Client(cluster, set_as_default=False) as client:
        assert active_client() is None
        with client.as_current():
            assert active_client() is client
        assert active_client() is None


def test_without_a_client_there_is_none(log):
    with dask.config.set(scheduler=None):
        assert active_client() is None
    assert log() == []


def test_a_client_that_is_closed_counts_as_none(cluster):
    client = Client(cluster, set_as_default=False)
    with client.as_current():
        client.close()
        assert active_client() is None
    with dask.config.set(scheduler=client):
        assert active_client() is None


def test_a_client_in_the_configuration_of_dask_is_one(cluster):
    with Client(cluster, set_as_default=False) as client, dask.config.set(scheduler=client):
        assert active_client() is client


@pytest.mark.parametrize("scheduler", ["threads", "synchronous"])
def test_where_dask_is_to_use_another_scheduler_no_client_is_used(client, scheduler):  # noqa: ARG001
    with dask.config.set(scheduler=scheduler):
        assert active_client() is None


def test_inside_a_task_none_is_used():
    with LocalCluster(n_workers=1, processes=False, dashboard_address=None) as threads, Client(threads) as client:
        assert active_client() is client
        assert client.submit(lambda: active_client() is None).result()


def test_inside_a_task_of_another_process_none_is_used(client):
    assert client.submit(lambda: active_client() is None).result()


@pytest.mark.parametrize("how", ["score", "write_polygons", "write_labels_into"])
def test_eager_functions_run_on_the_active_client(how, result, stored, client, log, tmp_path):
    np.save(tmp_path / "truth.npy", result.read_classes(ALL))
    tz.write_ome_zarr(tmp_path / "image.ome.zarr", stored.data.compute(), chunks=(50, 64))
    call = {
        "score": partial(tz.score, result, tz.open_labels(tmp_path / "truth.npy")),
        "write_polygons": partial(tz.write_polygons, result, tmp_path / "classes.geojson"),
        "write_labels_into": partial(tz.write_labels_into, result, tz.open_image(tmp_path / "image.ome.zarr")),
    }[how]
    with get_task_stream(client) as stream:
        call()
    ran = [record for record in stream.data if record["key"].startswith("_run_batch")]
    assert len(ran) >= len(result.grid)
    assert {record["worker"] for record in ran} == set(client.scheduler_info()["workers"])
    assert log() == [f"{SAYS}{client.scheduler.address}"]


def test_a_label_image_is_counted_and_scored_on_it_and_named_once(stored, client, log, tmp_path):
    np.save(tmp_path / "labels.npy", np.zeros(stored.extent, np.uint8))
    labels = tz.open_labels(tmp_path / "labels.npy")
    with get_task_stream(client) as stream:
        assert tz.score(labels, labels).accuracy == 1
    assert len([record for record in stream.data if record["key"].startswith("_run_batch")]) == 3
    assert len(log()) == 1


def test_progress_is_told_to_whoever_asked_and_not_on_the_workers(result, client, tmp_path):
    told = []
    with on_progress(told.append):
        tz.write_polygons(result, tmp_path / "classes.geojson", client=client)
    assert told[0] == Step("polygons", 0, len(result.grid))
    assert told[-1].done == len(result.grid)
