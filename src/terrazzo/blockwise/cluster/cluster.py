"""Where blocks run: a cluster that is there, or a local one of several processes, made and closed by us."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dask
from dask.system import CPU_COUNT
from distributed import Client, LocalCluster
from distributed.system import MEMORY_LIMIT

from terrazzo.blockwise.cluster.available_memory import bytes_of
from terrazzo.blockwise.cluster.quiet import QuietNanny, quiet
from terrazzo.blockwise.cluster.worker_server import SETTINGS, deaf_to_ctrl_c, method, start_loading
from terrazzo.blockwise.cluster.worker_watch import check_versions
from terrazzo.errors import ParameterError
from terrazzo.memory import WORKER, readable_bytes

CONNECT_SECONDS = 10
# Dask sets other values in the environment of workers that it starts.
ENVIRONMENT = {f"distributed.nanny.pre-spawn-environ.{name}": value for name, value in SETTINGS.items()}
# What Dask looks at many times a second for its dashboard: a tenth of a core on two workers, whatever they do.
SELDOM_LOOKED_AT = {
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.profile.enabled": False,
}


@contextmanager
def cluster_client(
    scheduler: str | None = None,
    workers: int | None = None,
    scheduler_file: str | Path | None = None,
    memory_limit: int | str | None = None,
) -> Iterator[Client]:
    """Give a client of a scheduler that is there, or of a local cluster for as long as the context lasts.

    Parameters
    ----------
    scheduler : str, optional
        An address such as `tcp://host:8786`.
    workers : int, optional
        Processes of the local cluster, each with one thread; by default as many as cores and memory allow.
    scheduler_file : path, optional
        The file that `dask scheduler --scheduler-file` has written, in place of an address.
    memory_limit : int or str, optional
        What each of them may hold, in bytes or as text such as "2GiB"; by default an equal share of the machine's.

    Raises
    ------
    ParameterError
        If no scheduler answers at the address, the file is none, both are given, a worker has another version of
        terrazzo, or a number is out of range.
    """
    if scheduler is not None and scheduler_file is not None:
        raise ParameterError(
            f"both a scheduler, '{scheduler}', and a file of one, '{scheduler_file}', are given; give one"
        )
    limit = None if memory_limit is None else _enough(bytes_of(memory_limit))
    address = scheduler if scheduler_file is None else _address_in(Path(scheduler_file))
    with _local_client(workers, limit) if address is None else _client_of(address) as client:
        yield client


@contextmanager
def _client_of(address: str) -> Iterator[Client]:
    try:
        # no default yet: Dask would go on asking one that never answered
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ParameterError(f"no Dask scheduler answers at '{address}' ({error}); start one first") from error
    with client:
        check_versions(client)
        with client.as_current():
            yield client


@contextmanager
def _local_client(workers: int | None, limit: int | None) -> Iterator[Client]:
    if workers is not None and workers < 1:
        raise ParameterError(f"workers is {workers}; it must be at least 1")
    processes, threads = processes_and_threads(CPU_COUNT, MEMORY_LIMIT) if workers is None else (workers, 1)
    local = {
        "dashboard_address": "127.0.0.1:0",
        # by their levels in place of handlers, see quiet.py
        "silence_logs": False,
        "worker_class": QuietNanny,
        "memory_limit": limit or MEMORY_LIMIT // processes,
    }
    start_loading()
    settings = ENVIRONMENT | SELDOM_LOOKED_AT | {"distributed.worker.multiprocessing-method": method()}
    with quiet(), dask.config.set(settings):
        with deaf_to_ctrl_c():
            started = LocalCluster(n_workers=processes, threads_per_worker=threads, **local)
        with started as cluster, Client(cluster) as client:
            yield client


def _enough(limit: int) -> int:
    """Return a worker's memory limit if the worker would live with it: Dask kills one that does not stay below."""
    if limit < WORKER:
        raise ParameterError(
            f"memory_limit is {readable_bytes(limit)} and a worker takes up to {readable_bytes(WORKER)} before its "
            "first block; give more, and fewer workers if the machine has no more"
        )
    return limit


def _address_in(path: Path) -> str:
    try:
        return str(json.loads(path.read_text())["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f" ({error.strerror})" if isinstance(error, OSError) else ""
        raise ParameterError(
            f"'{path}' is no scheduler file{why}; give the one that dask scheduler --scheduler-file has written"
        ) from error


# What a process holds before it works (mostly torch), and what a thread's block of 2048 x 2048 pixels takes.
PROCESS_BYTES = 400 * 2**20
THREAD_BYTES = 500 * 2**20


def processes_and_threads(cores: int, memory: int) -> tuple[int, int]:
    """Return the processes, and the threads of each, that use most cores within `memory` bytes, but at least one each.

    Of equal numbers of threads that with most processes is chosen: they do not wait for each other's interpreter.
    """
    layouts = [
        (processes, threads) for processes in range(1, cores + 1) for threads in range(1, cores // processes + 1)
    ]
    fitting = [(p, t) for p, t in layouts if p * (PROCESS_BYTES + t * THREAD_BYTES) <= memory]
    return max(fitting, key=lambda layout: (layout[0] * layout[1], layout[0]), default=(1, 1))
