"""Where blocks run: a cluster that is there, or a local one of several processes, made and closed by us."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client, LocalCluster

from terrazzo.blockwise.available_memory import bytes_of
from terrazzo.errors import ParameterError
from terrazzo.memory import WORKER, readable_bytes

CONNECT_SECONDS = 10


@contextmanager
def cluster_client(
    scheduler: str | None = None, workers: int | None = None, memory_limit: int | str | None = None
) -> Iterator[Client]:
    """Give a client of the scheduler at this address, or of a local cluster for as long as the context lasts.

    Parameters
    ----------
    scheduler : str, optional
        An address such as `tcp://host:8786`.
    workers : int, optional
        Processes of the local cluster, by default one per core, each with one thread.
    memory_limit : int or str, optional
        What each of them may hold, in bytes or as text such as "2GiB"; by default an equal share of the machine's.

    Raises
    ------
    ParameterError
        If no scheduler answers at the address, or a number is out of range.
    """
    limit = "auto" if memory_limit is None else _enough(bytes_of(memory_limit))
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
    with (
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            memory_limit=limit,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.ERROR,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _enough(limit: int) -> int:
    """Return a worker's memory limit if the worker would live with it: Dask kills one that does not stay below."""
    if limit < WORKER:
        raise ParameterError(
            f"memory_limit is {readable_bytes(limit)} and a worker takes up to {readable_bytes(WORKER)} before its "
            "first block; give more, and fewer workers if the machine has no more"
        )
    return limit
