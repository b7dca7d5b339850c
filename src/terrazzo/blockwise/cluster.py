"""Where blocks run: a cluster that is there, or a local one of several processes, made and closed by us."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client, LocalCluster

from terrazzo.errors import ParameterError

CONNECT_SECONDS = 10


@contextmanager
def cluster_client(scheduler: str | None = None, workers: int | None = None) -> Iterator[Client]:
    """Give a client of the scheduler at this address, or of a local cluster for as long as the context lasts.

    Parameters
    ----------
    scheduler : str, optional
        An address such as `tcp://host:8786`.
    workers : int, optional
        Processes of the local cluster, by default one per core, each with one thread.

    Raises
    ------
    ParameterError
        If no scheduler answers at the address.
    """
    if scheduler is not None:
        try:
            # no default yet: Dask would go on asking one that never answered
            client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ParameterError(f"no Dask scheduler answers at '{scheduler}' ({error}); start one first") from error
        with client, client.as_current():
            yield client
        return
    count = workers if workers is not None else os.cpu_count() or 1
    if count < 1:
        raise ParameterError(f"workers is {count}; it must be at least 1")
    # Dask's workers set OMP_NUM_THREADS to 1, which torch heeds: blocks run side by side, not threads in them.
    with _deaf_to_ctrl_c():
        started = LocalCluster(
            n_workers=count, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=logging.ERROR
        )
    with started as cluster, Client(cluster) as client:
        yield client


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Let processes that are started ignore Ctrl-C, which a terminal sends to them too: it is for us to stop them."""
    if threading.current_thread() is not threading.main_thread():
        yield  # where Python cannot set signals
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
