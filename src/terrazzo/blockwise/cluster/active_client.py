"""Which client runs blocks: the one that is given, else the one that every Dask collection would use."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

import dask
from distributed import Client, default_client, get_worker

from terrazzo.blockwise.cluster.worker_watch import RUNNING, WorkerWatch

_log = logging.getLogger(__name__)

# What the configuration of Dask says where a client was made current; any other scheduler was asked for.
OF_CLIENTS = (None, "dask.distributed", "distributed")


def active_client(given: Client | None = None) -> Client | None:
    """Return the client that is given, else the one that is active in this process, else None.

    One that is active and not given is named in one line of the log. It is not looked for inside a task, which would
    wait for tasks on the thread that it holds, and not where Dask is configured to use another scheduler. One that is
    closed, or that only an event loop can use, counts as none.

    Parameters
    ----------
    given : distributed.Client, optional
        What the user gave.
    """
    if given is not None or _is_in_a_task():
        return given
    found = _of_collections()
    if found is None or found.status != RUNNING or found.asynchronous:
        return None
    _log.info("no client is given: blocks run on the active one, of the scheduler at %s", found.scheduler.address)
    return found


def _of_collections() -> Client | None:
    configured = dask.config.get("scheduler", None)
    if isinstance(configured, Client):
        return configured
    if configured not in OF_CLIENTS:
        return None
    try:
        return default_client()
    except ValueError:  # what Dask raises where there is none
        return None


def _is_in_a_task() -> bool:
    try:
        get_worker()
    except ValueError:
        return False
    return True


def client_sharing(folder: Path, client: Client | None) -> Client | None:
    """Return a client if all its workers see the files of a folder; else None, and say so in one line of the log."""
    if client is None or is_seen(folder, client):
        return client
    _log.warning(
        "not every worker sees '%s', so what is kept there is computed in this process; choose a scratch folder that "
        "all workers see under the same name",
        folder,
    )
    return None


def is_seen(folder: Path, client: Client) -> bool:
    """Return whether all workers see the files of a folder."""
    WorkerWatch(client)  # waits for the first worker
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".seen-") as file:
        return all(client.run(os.path.exists, str(folder / Path(file.name).name)).values())
