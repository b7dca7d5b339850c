"""What a run says when its cluster is in trouble: real workers that are paused, foreign or gone."""

import threading
import time

import dask
import pytest
from distributed import Client, LocalCluster, Worker
from patience import PATIENCE, wait_until
from segmented import grid_of
from workers_elsewhere import copy_of_terrazzo, scheduler_elsewhere, worker_at, worker_elsewhere

import terrazzo as tz
from terrazzo.blockwise.cluster import run_blocks, worker_watch
from terrazzo.blockwise.cluster.cluster import cluster_client
from terrazzo.errors import ParameterError

MANY = grid_of((1500, 1750))


OF_BEFORE = """
def _run_batch(function, blocks, *shared):
    raise TypeError("what is that?")
"""


def index_slowly():
    """Return a function that travels whole, so that any worker knows it, and keeps each busy for a while."""

    def index(block):
        time.sleep(0.02)
        return block.index

    return index


def status_of(worker):
    return worker["status"]


def end_of(running):
    """Return the sentence that a run ends in."""
    with pytest.raises(ParameterError) as ended:
        for _ in running:
            pass
    assert "\n" not in str(ended.value)
    return str(ended.value)


def test_a_paused_worker_is_named_once_and_the_run_goes_on_when_it_does(caplog, monkeypatch):
    for module in (run_blocks, worker_watch):
        monkeypatch.setattr(module, "SECONDS_BETWEEN_QUESTIONS", 0.2)
    # less than any process holds: the worker is paused as soon as it looks
    with (
        dask.config.set({"distributed.worker.memory.pause": 0.01}),
        LocalCluster(n_workers=1, threads_per_worker=1, memory_limit="1GiB", dashboard_address=None) as there,
        Client(there) as client,
    ):

        def resume(dask_worker: Worker):
            dask_worker.memory_manager.memory_pause_fraction = False
            dask_worker.status = type(dask_worker.status).running

        def resume_when_named():
            wait_until(lambda: "is paused" in caplog.text, "the line about a paused worker")
            before = len(asked)
            wait_until(lambda: len(asked) > before + 2, "a question after the line")
            client.run(resume)

        wait_until(lambda: "paused" in map(status_of, client.scheduler_info()["workers"].values()), "the pause")
        asked, ask = [], client.scheduler_info
        monkeypatch.setattr(client, "scheduler_info", lambda **which: asked.append(which) or ask(**which))
        helper = threading.Thread(target=resume_when_named)
        helper.start()
        blocks = grid_of((60, 70))
        assert len(list(run_blocks.run_blocks(index_slowly(), blocks, client=client))) == len(blocks)
        helper.join()
    (line,) = [message for message in caplog.messages if "is paused" in message]
    assert "of its 1.0 GiB of memory and goes on when it holds less" in line


@pytest.mark.parametrize(
    ("others", "sentence"),
    [
        ({}, f"has terrazzo 0.0.9 and the process that hands out blocks {tz.__version__}; install the same"),
        ({"blockwise/cluster/run_blocks.py": OF_BEFORE}, "has 0.0.9; install the same version everywhere"),
    ],
    ids=["says so", "fails otherwise"],
)
def test_a_worker_of_another_version_that_joins_later_ends_the_run_by_name(tmp_path, others, sentence):
    copy_of_terrazzo(tmp_path)
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as there,
        Client(there) as client,
    ):
        running = run_blocks.run_blocks(index_slowly(), MANY, client=client)
        next(running)
        with worker_elsewhere(there.scheduler_address, {"version.py": "__version__ = '0.0.9'"} | others, tmp_path):
            client.wait_for_workers(2, timeout=PATIENCE)
            said = end_of(running)
    assert sentence in said


@pytest.mark.parametrize("before", [True, False], ids=["before it is asked", "while it computes"])
def test_a_scheduler_that_goes_away_before_any_block_ends_in_one_sentence(tmp_path, before):
    file = tmp_path / "scheduler.json"
    slow = dask.delayed(time.sleep)(PATIENCE)
    with scheduler_elsewhere(file) as scheduler:
        wait_until(file.exists, "the scheduler's file")
        with Client(scheduler_file=str(file), timeout=PATIENCE) as client:
            client._timeout = 5  # how long it looks for a scheduler that it has lost
            address = client.scheduler.address

            def kill_when_busy():
                wait_until(lambda: any(client.processing().values()), "a task that is computed")
                scheduler.kill()

            with worker_at(address):
                client.wait_for_workers(1, timeout=PATIENCE)
                (scheduler.kill if before else threading.Thread(target=kill_when_busy).start)()
                with pytest.raises(ParameterError) as ended:
                    worker_watch.computed(slow, client, "the scale")
    assert str(ended.value).startswith(f"the Dask scheduler at '{address}' has gone away; start one and run the same")


def test_a_client_that_knows_of_no_worker_any_more_has_lost_its_scheduler(monkeypatch):
    with cluster_client(workers=1) as client:
        monkeypatch.setattr(client, "scheduler_info", lambda **_: {})
        with pytest.raises(ParameterError, match="has gone away; start one and run the same again"):
            worker_watch.WorkerWatch(client)


def test_a_scheduler_that_goes_away_ends_the_run_in_one_sentence(tmp_path):
    file = tmp_path / "scheduler.json"
    with scheduler_elsewhere(file) as scheduler:
        wait_until(file.exists, "the scheduler's file")
        with Client(scheduler_file=str(file), timeout=PATIENCE) as client:
            client._timeout = 5  # how long it looks for a scheduler that it has lost
            address = client.scheduler.address
            with worker_at(address):
                client.wait_for_workers(1, timeout=PATIENCE)
                running = run_blocks.run_blocks(index_slowly(), MANY, client=client)
                next(running)
                scheduler.kill()
                said = end_of(running)
    assert said.startswith(f"the Dask scheduler at '{address}' has gone away; start one and run the same again")
