"""How much memory a run may take: what each worker of a cluster may, or what the machine has left."""

from __future__ import annotations

from dataclasses import dataclass

import dask
import psutil
from dask.utils import parse_bytes
from distributed import Client
from distributed.system import MEMORY_LIMIT

from terrazzo.errors import ParameterError


@dataclass(frozen=True)
class WorkerMemory:
    """What one worker of a cluster may hold.

    Parameters
    ----------
    threads : int
        Tasks that it runs at a time.
    limit : int
        Bytes: what Dask lets it hold before it pauses the worker, 80 % of its memory limit.
    """

    threads: int
    limit: int


def memory_of_machine() -> int:
    """Return the bytes that this machine, or the container that this process is in, has left."""
    return int(min(MEMORY_LIMIT, psutil.virtual_memory().available))


def memory_of_workers(client: Client) -> list[WorkerMemory]:
    """Return what each worker with a memory limit may hold; those without one are left out."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    return [WorkerMemory(one["nthreads"], usable(one["memory_limit"])) for one in workers if one["memory_limit"]]


def usable(limit: int) -> int:
    """Return what a worker with this memory limit may hold: a paused one goes on only when its memory falls."""
    return int((dask.config.get("distributed.worker.memory.pause") or 1.0) * limit)


def bytes_of(size: int | str, name: str = "memory_limit") -> int:
    """Return a number of bytes that is given as one or as text, such as "2GiB".

    Parameters
    ----------
    size : int or str
    name : str
        Of what is given, for messages.

    Raises
    ------
    ParameterError
        If it is no positive number of bytes.
    """
    try:
        count = parse_bytes(size)
    except ValueError:
        count = 0
    if count < 1:
        raise ParameterError(f"{name} is {size!r}; give a positive number of bytes, such as 2GiB or 500MB")
    return int(count)
