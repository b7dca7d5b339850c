"""What runs in other processes: one cluster of two serves all of these."""

import io
import logging
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest
from distributed import Client, LocalCluster, get_client
from distributed.system import MEMORY_LIMIT
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE, wait_until
from segmented import grid_of
from workers_elsewhere import worker_elsewhere

import terrazzo as tz
from terrazzo.blockwise.cluster import cluster
from terrazzo.blockwise.cluster.available_memory import WorkerMemory, memory_of_workers
from terrazzo.blockwise.cluster.cluster import PROCESS_BYTES, THREAD_BYTES, cluster_client, processes_and_threads
from terrazzo.blockwise.cluster.run_blocks import run_blocks
from terrazzo.errors import InputError, ParameterError

ALL = (slice(None), slice(None))


@pytest.fixture(scope="module")
def heard():
    """What a handler hears that Dask's loggers share with those of everybody else, as a script may set it up."""
    text, loggers = io.StringIO(), [logging.getLogger(name) for name in (None, "distributed")]
    handler = logging.StreamHandler(text)
    for logger in loggers:
        logger.addHandler(handler)
    yield text
    for logger in loggers:
        logger.removeHandler(handler)


@pytest.fixture(scope="module")
def client(heard):  # noqa: ARG001
    with cluster_client(workers=2) as client:
        yield client


def process_of(block, name):
    return block.index, name, os.getpid()


def refuse(block):
    raise InputError(f"block {block.index} is bad")


def die(block):  # noqa: ARG001
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_local_cluster_has_the_workers_that_were_asked_for_with_one_thread_each(client):
    assert list(client.nthreads().values()) == [1, 1]


def test_its_workers_compute_with_one_thread_and_show_themselves_on_loopback_only(client):
    def threads():
        import numba
        import torch

        return numba.config.NUMBA_NUM_THREADS, torch.get_num_threads()

    assert set(client.run(threads).values()) == {(1, 1)}
    assert client.dashboard_link.startswith("http://127.0.0.1:")
    assert all("127.0.0.1:" in address for address in client.nthreads())


def test_its_workers_are_forked_from_one_process_that_has_loaded_what_they_need_and_are_deaf_to_ctrl_c(client):
    def found():
        server, kept = os.getppid(), "MALLOC_TRIM_THRESHOLD_=134217728"
        environment = Path(f"/proc/{server}/environ").read_text().split("\0")
        return server, "torch" in sys.modules, kept in environment, signal.getsignal(signal.SIGINT) == signal.SIG_IGN

    (one,) = {tuple(answer) for answer in client.run(found).values()}
    assert one[0] != os.getpid()
    assert one[1:] == (True, True, True)


def test_each_worker_gets_the_memory_limit_and_may_hold_what_dask_does_not_pause_it_at():
    with cluster_client(workers=1, memory_limit="1GiB") as client:
        assert memory_of_workers(client) == [WorkerMemory(threads=1, limit=int(0.8 * 2**30))]


def test_without_a_limit_workers_share_the_machines_memory_equally(client):
    limits = [worker["memory_limit"] for worker in client.scheduler_info()["workers"].values()]
    assert limits == [MEMORY_LIMIT // 2] * 2


def test_a_worker_that_could_not_live_is_not_started():
    sentence = "memory_limit is 95 MiB and a worker takes up to 520 MiB before its first block"
    with pytest.raises(ParameterError, match=sentence), cluster_client(workers=1, memory_limit="100MB"):
        pass


def test_blocks_run_in_other_processes_and_each_once(client):
    grid = grid_of((60, 70))
    told = []
    found = list(run_blocks(process_of, grid, "shared", client=client, done=told.append))
    assert sorted(index for index, _, _ in found) == sorted(block.index for block in told)
    assert sorted(index for index, _, _ in found) == [block.index for block in grid]
    assert {name for _, name, _ in found} == {"shared"}
    assert os.getpid() not in {pid for _, _, pid in found}


def test_a_block_that_kills_its_workers_is_named():
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        cluster_client(workers=1) as fragile,
        pytest.raises(ParameterError, match=r"workers died again and again at block \(0, 0\), perhaps for want"),
    ):
        list(run_blocks(die, list(grid_of((60, 70)))[:1], client=fragile))


def test_an_error_in_another_process_arrives_as_it_was_raised_and_no_logger_of_dask_tells_of_it(client, heard):
    def levels():
        return {logging.getLogger(name).getEffectiveLevel() for name in ("distributed.worker", "distributed.client")}

    logging.getLogger("terrazzo").warning("something of our own")
    with pytest.raises(InputError, match="is bad"):
        list(run_blocks(refuse, grid_of((60, 70)), client=client))
    assert heard.getvalue() == "something of our own\n"
    assert [levels(), *client.run(levels).values()] == [{logging.CRITICAL}] * 3


def test_lazy_arrays_compute_on_a_cluster(client, model, pixels):
    labels, classes = tz.superpixels(pixels, 8, block=48), tz.predict(model, pixels, block=72)
    there = [future.result() for future in client.compute([labels, classes])]
    assert np.array_equal(there[0], labels.compute())
    assert np.array_equal(there[1], classes.compute())


def test_a_result_written_and_scored_by_a_cluster_is_the_one_of_this_process(
    client, model, stored, annotation, tmp_path
):
    here, there = (
        tz.write_prediction(model, stored, tmp_path / name, block=48, client=where)
        for name, where in (("here.zarr", None), ("there.zarr", client))
    )
    assert np.array_equal(here.read_superpixels(ALL), there.read_superpixels(ALL))
    assert np.array_equal(here.read_classes(ALL), there.read_classes(ALL))
    np.save(tmp_path / "truth.npy", annotation)
    truth = tz.open_labels(tmp_path / "truth.npy")
    assert np.array_equal(tz.score(here, truth).confusion, tz.score(there, truth, client=client).confusion)


def test_a_scheduler_that_is_there_computes_and_is_left_running(client):
    address = client.scheduler.address
    with cluster_client(address) as other, dask.config.set(scheduler=None):
        assert other.scheduler.address == address
        assert da.ones(3).map_blocks(lambda _: np.full(3, os.getpid())).compute()[0] != os.getpid()
    with Client(address) as again:
        assert len(again.nthreads()) == 2


def test_a_scheduler_is_found_by_its_file(tmp_path):
    path = tmp_path / "scheduler.json"
    local = {"n_workers": 1, "processes": False, "dashboard_address": None}
    with (
        LocalCluster(**local, scheduler_kwargs={"scheduler_file": str(path)}) as there,
        cluster_client(scheduler_file=path) as client,
    ):
        assert client.scheduler.address == there.scheduler_address


@pytest.mark.parametrize("content", [None, "no json", "[]", "{}"])
def test_a_file_that_names_no_scheduler_is_refused(tmp_path, content):
    path = tmp_path / "scheduler.json"
    if content is not None:
        path.write_text(content)
    with (
        pytest.raises(ParameterError, match=r"scheduler.json' is no scheduler file"),
        cluster_client(scheduler_file=path),
    ):
        pass


def test_a_scheduler_by_address_and_by_file_is_one_too_many():
    with pytest.raises(ParameterError, match="are given; give one"), cluster_client("tcp://h:1", scheduler_file="f"):
        pass


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ({"__init__.py": "", "version.py": "__version__ = '0.0.9'"}, "0.0.9"),
        ({"__init__.py": "raise ImportError"}, "none"),
    ],
)
def test_workers_with_another_terrazzo_or_none_are_refused_by_name(tmp_path, package, version):
    with (
        LocalCluster(n_workers=0, dashboard_address=None) as there,
        worker_elsewhere(there.scheduler_address, package, tmp_path),
        Client(there) as waiting,
    ):
        waiting.wait_for_workers(1, timeout=PATIENCE)
        (worker,) = waiting.nthreads()
        with pytest.raises(ParameterError) as found, cluster_client(there.scheduler_address):
            pass
    assert f"1 of 1 workers have another terrazzo than this process, which has {tz.__version__}" in str(found.value)
    assert f"the worker at {worker} has {version}; install the same version everywhere" in str(found.value)
    assert "\n" not in str(found.value)


def test_blocks_wait_for_the_first_worker(caplog):
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=None) as there,
        Client(there) as client,
        ThreadPoolExecutor(1) as helper,
    ):

        def start_one_when_told():
            wait_until(lambda: "the cluster has no worker yet" in caplog.text, "the wait for a worker")
            there.loop.add_callback(there.scale, 1)

        told = helper.submit(start_one_when_told)
        blocks = grid_of((60, 70))
        found = list(run_blocks(process_of, blocks, "shared", client=client))
        told.result()
    assert sorted(index for index, _, _ in found) == [block.index for block in blocks]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere://x", "tcp://"])
def test_where_no_scheduler_answers_one_sentence_says_so_and_nothing_changes(client, address, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.2)
    with (
        pytest.raises(ParameterError, match=f"no Dask scheduler answers at '{address}'") as found,
        cluster_client(address),
    ):
        pass
    assert "\n" not in str(found.value)
    assert get_client() is client


def test_a_cluster_without_workers_is_refused():
    with pytest.raises(ParameterError, match="workers is 0; it must be at least 1"), cluster_client(workers=0):
        pass


GIB = 2**30


def test_with_memory_to_spare_each_core_has_a_process():
    assert processes_and_threads(2, 24 * GIB) == (2, 1)
    assert processes_and_threads(64, 256 * GIB) == (64, 1)


def test_where_memory_is_short_processes_share_theirs_among_threads():
    processes, threads = processes_and_threads(16, 10 * GIB)
    assert threads > 1
    assert processes * threads == 16


def test_where_memory_is_shorter_cores_stay_idle():
    processes, threads = processes_and_threads(16, 3 * GIB)
    assert processes * threads < 16


@given(st.integers(1, 256), st.integers(0, 2048 * GIB))
def test_what_runs_fits_or_is_one_thread(cores, memory):
    processes, threads = processes_and_threads(cores, memory)
    assert 1 <= processes * threads <= cores
    fits = processes * (PROCESS_BYTES + threads * THREAD_BYTES) <= memory
    assert fits or (processes, threads) == (1, 1)
